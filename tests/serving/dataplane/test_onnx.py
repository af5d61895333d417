"""onnxruntime answers only where it agrees, and the registry keeps how far it is off."""

import json
from typing import Any

import numpy as np
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from runner.cli import main
from runner.layout import Layout
from serving.dataplane.model import ServedModel

IRIS, CANCER, DIABETES = (load(return_X_y=True) for load in (load_iris, load_breast_cancer, load_diabetes))
CONVERTED = {
    "svc": (SVC(), IRIS, {"predict"}),
    "labels that are texts": (SVC(), (IRIS[0], np.array(["a", "b", "c"])[IRIS[1]]), {"predict"}),
    "forest": (RandomForestClassifier(20, random_state=0), IRIS, {"predict", "predict_proba"}),
    "pipeline": (
        make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)),
        IRIS,
        {"predict", "predict_proba"},
    ),
    "regressor": (RandomForestRegressor(20, random_state=0), DIABETES, {"predict"}),
    "linear of two": (make_pipeline(StandardScaler(), LogisticRegression()), CANCER, {"predict", "predict_proba"}),
    "ridge": (Ridge(), DIABETES, {"predict"}),
    "scaler": (StandardScaler(), IRIS, {"transform"}),
}


def methods_of(served: ServedModel) -> Any:
    """Return what the report says of each method."""
    assert served.parity is not None
    return served.parity["methods"]


@pytest.mark.parametrize("name", CONVERTED)
def test_answers_are_close_and_have_the_plain_type(name: str, registered_record: Any) -> None:
    model, (rows, targets), expected = CONVERTED[name]
    served = ServedModel(registered_record, model.fit(rows, targets), accelerate="onnx")
    used = {method for method, report in methods_of(served).items() if report["used"]}
    assert expected <= used, served.parity
    for method in used:
        plain, answer = np.asarray(getattr(model, method)(rows)), np.asarray(served.compute(rows, method))
        assert (answer.dtype, answer.shape) == (plain.dtype, plain.shape)
        if plain.dtype.kind == "f":
            np.testing.assert_allclose(answer, plain, rtol=1e-3, atol=1e-4)
        else:
            assert np.mean(answer == plain) > 0.99


def test_rows_with_missing_values_are_left_to_the_model(registered_record: Any) -> None:
    rows = np.where(np.random.default_rng(0).random(IRIS[0].shape) < 0.3, np.nan, IRIS[0])
    forest = RandomForestClassifier(20, random_state=0).fit(rows, IRIS[1])
    served = ServedModel(registered_record, forest, accelerate="onnx")
    assert methods_of(served)["predict_proba"]["used"], served.parity
    assert np.array_equal(served.compute(rows, "predict_proba"), forest.predict_proba(rows))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (HistGradientBoostingClassifier(max_iter=5), "cannot convert HistGradientBoostingClassifier"),
        (make_column_transformer((StandardScaler(), [0, 1])), "not plain numbers"),
    ],
)
def test_what_cannot_be_converted_is_answered_as_before(model: Any, reason: str, registered_record: Any) -> None:
    served = ServedModel(registered_record, model.fit(*IRIS), accelerate="onnx")
    reports = methods_of(served)
    assert reports and not any(report["used"] for report in reports.values())
    assert any(reason in report["reason"] for report in reports.values())
    method = served.default_method
    assert np.array_equal(served.compute(IRIS[0], method), getattr(model, method)(IRIS[0]))


def test_a_conversion_that_answers_otherwise_is_not_used(
    monkeypatch: pytest.MonkeyPatch, registered_record: Any
) -> None:
    from serving.dataplane import onnx

    monkeypatch.setattr(onnx, "_convert", lambda *_: lambda rows: np.full(len(rows), 1e3))
    served = ServedModel(registered_record, Ridge().fit(*DIABETES), accelerate="onnx")
    assert methods_of(served)["predict"]["used"] is False
    assert "differ" in methods_of(served)["predict"]["reason"]


def test_the_registry_keeps_the_report_and_the_endpoint_says_what_it_uses(
    register: Any, serve: Any, layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    model = RandomForestClassifier(10, random_state=0).fit(*IRIS)
    register("flowers", model)
    server = serve("model=flowers", "accelerate=onnx")
    status, _, body = server.ask("/score", {"data": IRIS[0].tolist()})
    assert status == 200 and np.mean(json.loads(body)["predict"] == model.predict(IRIS[0])) > 0.98
    assert server.state()[0]["served"][0]["onnx"]["predict"] is True
    described = json.loads(server.ask("/v2/models/flowers", None)[2])
    assert described["parameters"]["onnx"]["predict"] is True
    assert main(["models", "show", "flowers", "--workspace", str(layout.root)]) == 0
    assert "labels equal" in capsys.readouterr().out
    assert main(["models", "verify", "flowers", "--workspace", str(layout.root)]) == 0


def test_another_accelerator_is_refused(register: Any, serve: Any) -> None:
    register("flowers", Ridge().fit(*IRIS))
    server = serve("model=flowers", "accelerate=magic")
    assert server.process.wait(30) == 1 and "accelerate=magic is not known" in server.said[-1]
