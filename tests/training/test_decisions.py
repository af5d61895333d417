"""Calibration and thresholds, with all that they can be combined with."""

import itertools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.support.exported_scripts import COVERS, check_script
from tests.support.training import declared, module, train

CALIBRATIONS = [None, "sigmoid", "isotonic"]
THRESHOLDS: list[Any] = [None, 0.3, {"metric": "f1"}, {"metric": "balanced_accuracy"}]
COLUMNS = [{}, {"sample_weight": "weight"}, {"groups": "house"}, {"groups": "house", "sample_weight": "weight"}]
COMBINED = [
    {"calibrate": calibration, "threshold": threshold, **columns}
    for calibration, threshold, columns in itertools.product(CALIBRATIONS, THRESHOLDS, COLUMNS)
    if calibration or threshold
]
LOGISTIC = {"_target_": "sklearn.linear_model.LogisticRegression", "C": 0.1}


def table(rows: int = 240) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    spent, age = draw.normal(100, 20, rows), draw.integers(18, 90, rows).astype(float)
    return pd.DataFrame(
        {
            "house": np.arange(rows) // 3, "spent": spent, "age": age, "weight": draw.uniform(0.1, 5, rows),
            "left": np.where(spent + age / 2 + draw.normal(0, 20, rows) > 130, "yes", "no"),
        }
    )  # fmt: skip


@pytest.mark.parametrize("settings", COMBINED, ids=str)
@pytest.mark.sampled(8, covers=COVERS)
def test_each_combination_is_trained_as_its_script_does(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "t.csv"
    table().to_csv(path, index=False)
    text = declared(
        LOGISTIC, "standard", data="./t.csv", target="left", cross_validation=2, permutation_repeats=1, **settings
    )
    kept = train(text, monkeypatch, tmp_path, train=path)
    check_script(text, kept, tmp_path, monkeypatch, train=str(path))


def trained(tmp_path: Path, monkeypatch: Any, **settings: Any) -> tuple[Any, pd.DataFrame]:
    path, data = tmp_path / "t.csv", table()
    data.to_csv(path, index=False)
    text = declared(
        LOGISTIC, "standard", data="./t.csv", target="left", cross_validation=None, holdout=None,
        sample_weight="weight", **settings,
    )  # fmt: skip
    return train(text, monkeypatch, tmp_path, train=path).model(), pd.read_csv(path)


FEATURES = ["house", "spent", "age"]
PLAIN = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, random_state=0))


def test_a_calibration_and_the_fits_within_use_the_weights(tmp_path: Path, monkeypatch: Any) -> None:
    model, data = trained(tmp_path, monkeypatch, calibrate="sigmoid")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the pipeline takes no weights under their plain name
        expected = CalibratedClassifierCV(clone(PLAIN), method="sigmoid").fit(
            data[FEATURES], data["left"], sample_weight=data["weight"],
            logisticregression__sample_weight=data["weight"],
        )  # fmt: skip
    probabilities = model.predict_proba(data[FEATURES])
    assert np.array_equal(probabilities, expected.predict_proba(data[FEATURES]))
    assert not np.array_equal(
        probabilities, clone(expected).fit(data[FEATURES], data["left"]).predict_proba(data[FEATURES])
    )


def test_the_classifier_below_a_threshold_uses_the_weights(tmp_path: Path, monkeypatch: Any) -> None:
    model, data = trained(tmp_path, monkeypatch, threshold=0.3)
    expected = clone(PLAIN).fit(data[FEATURES], data["left"], logisticregression__sample_weight=data["weight"])
    probabilities = expected.predict_proba(data[FEATURES])
    assert np.array_equal(model.predict_proba(data[FEATURES]), probabilities)
    assert list(model.predict(data[FEATURES])) == list(np.where(probabilities[:, 1] >= 0.3, "yes", "no"))


def test_the_best_threshold_is_the_one_of_the_weighted_rows(tmp_path: Path, monkeypatch: Any) -> None:
    """Rows that count a thousand times as much as the others decide alone."""
    path, data = tmp_path / "t.csv", table()
    data["left"] = np.where(np.arange(len(data)) % 2, "yes", "no")
    data["spent"] = np.linspace(0, 1, len(data))
    heavy = {"yes": 1000.0, "no": 1.0}
    found = {}
    for label, other in (("yes", "no"), ("no", "yes")):
        data["weight"] = data["left"].map({label: heavy["yes"], other: heavy["no"]})
        data.to_csv(path, index=False)
        text = declared(
            LOGISTIC, "standard", data="./t.csv", target="left", cross_validation=None, holdout=None,
            sample_weight="weight", threshold={"metric": "accuracy"},
        )  # fmt: skip
        model = train(text, monkeypatch, tmp_path, train=path).model()
        found[label] = (model.predict(data[["house", "spent", "age"]]) == label).mean()
    assert found == {"yes": 1, "no": 1}


def test_an_estimator_without_routing_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "t.csv"
    table().to_csv(path, index=False)
    text = declared(
        "adaboost", data="./t.csv", target="left", sample_weight="weight", calibrate="sigmoid", cross_validation=2
    )
    with pytest.raises(module("mistakes").Mistake, match=r"train\.sample_weight.*AdaBoostClassifier"):
        train(text, monkeypatch, tmp_path, train=path)


@pytest.mark.parametrize("metric", ["roc_auc", "neg_brier_score", "average_precision", "neg_log_loss"])
def test_a_metric_that_no_threshold_changes_is_refused(metric: str, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "t.csv"
    table().to_csv(path, index=False)
    text = declared("logistic_regression", data="./t.csv", target="left", threshold={"metric": metric})
    with pytest.raises(module("mistakes").Mistake, match=rf"train\.threshold\.metric: {metric} is the same for each"):
        train(text, monkeypatch, tmp_path, train=path)
