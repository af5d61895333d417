"""What a training says of its model: numbers equal to scikit-learn's, leaks that are there, and none that are not."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import auc, confusion_matrix, f1_score, precision_score, recall_score, roc_curve
from sklearn.model_selection import train_test_split

from tests.support.training import declared, module, train


def test_charts_of_classes_are_those_of_scikit_learn(tmp_path: Path, monkeypatch: Any) -> None:
    kept = train(declared("gaussian_nb", data="sklearn:breast_cancer"), monkeypatch, tmp_path)
    loaded = load_breast_cancer(as_frame=True)
    names = loaded.target_names[loaded.target]
    _, rows, _, true = train_test_split(loaded.data, names, test_size=0.2, random_state=0, stratify=names)
    model = kept.model()
    kind, matrix = kept.charts["confusion_matrix"]
    assert kind == "confusion_matrix" and matrix["class_labels"] == ["benign", "malignant"]
    assert matrix["matrix"] == confusion_matrix(true, model.predict(rows)).tolist()
    _, tables = kept.charts["accuracy_table"]
    shares = model.predict_proba(rows)[:, 1]
    for threshold, (hits, alarms, rejected, missed) in zip(
        tables["probability_thresholds"], tables["probability_tables"][1], strict=True
    ):
        positive, is_true = shares >= threshold, true == "malignant"
        assert (hits, alarms) == ((positive & is_true).sum(), (positive & ~is_true).sum())
        assert (rejected, missed) == ((~positive & ~is_true).sum(), (~positive & is_true).sum())
    table = kept.tables["thresholds"]
    at = table["threshold"].index(0.3)
    assert table["precision"][at] == precision_score(true == "malignant", shares >= 0.3)
    assert table["recall"][at] == recall_score(true == "malignant", shares >= 0.3)
    assert table["f1"][at] == pytest.approx(f1_score(true == "malignant", shares >= 0.3))
    assert table["predicted"][at] == (shares >= 0.3).sum()
    false, right, _ = roc_curve(true == "malignant", shares)
    assert kept.last("holdout_roc_auc") == pytest.approx(auc(false, right))
    assert kept.last("holdout_roc_auc_low") <= kept.last("holdout_roc_auc") <= kept.last("holdout_roc_auc_high")
    worst = kept.tables["worst_rows"]
    assert worst["error"] == sorted(worst["error"], reverse=True) and len(worst["row"]) == 10
    assert [names[row] for row in worst["row"]] == worst["true"]


@pytest.mark.parametrize(
    "estimator",
    [
        {"_target_": "sklearn.svm.SVC"},
        {"_target_": "sklearn.linear_model.RidgeClassifier"},
        {"_target_": "sklearn.svm.LinearSVC", "random_state": 0},
    ],
)
@pytest.mark.parametrize("data", ["breast_cancer", "wine"])
def test_a_model_without_probabilities_has_the_curves_of_its_margins(
    estimator: Any, data: str, tmp_path: Path, monkeypatch: Any
) -> None:
    settings: Any = {"permutation_repeats": 0, "figures": True}
    kept = train(declared(estimator, "standard", data=f"sklearn:{data}", **settings), monkeypatch, tmp_path)
    drawn = {path.stem for path in (tmp_path / "outputs").rglob("*.png")} | {*kept.charts}
    assert {"roc_curve", "precision_recall_curve", "confusion_matrix"} <= drawn and "calibration_curve" not in drawn
    _, tables = kept.charts["accuracy_table"]
    assert "thresholds" not in kept.tables and "probability_tables" not in tables
    if "worst_rows" in kept.tables:  # only what is wrong
        assert set(kept.tables["worst_rows"]["error"]) == {1.0}
    loaded = (load_breast_cancer if data == "breast_cancer" else load_wine)(as_frame=True)
    names = loaded.target_names[loaded.target]
    _, rows, _, true = train_test_split(loaded.data, names, test_size=0.2, random_state=0, stratify=names)
    margins = kept.model().decision_function(rows)
    margins = np.column_stack([-margins, margins]) if margins.ndim == 1 else margins
    for column, label in enumerate(tables["class_labels"]):
        for share, counts in zip(tables["percentile_thresholds"], tables["percentile_tables"][column], strict=True):
            positive, is_true = margins[:, column] >= np.quantile(margins[:, column], share), true == label
            assert counts[:2] == [(positive & is_true).sum(), (positive & ~is_true).sum()]


def test_margins_by_pair_of_classes_have_no_curves(tmp_path: Path, monkeypatch: Any) -> None:
    estimator = {"_target_": "sklearn.svm.SVC", "decision_function_shape": "ovo", "break_ties": False}
    kept = train(declared(estimator, data="sklearn:digits", permutation_repeats=0), monkeypatch, tmp_path)
    assert "accuracy_table" not in kept.charts and "confusion_matrix" in kept.charts


def test_charts_of_numbers(tmp_path: Path, monkeypatch: Any) -> None:
    kept = train(declared("linear_regression", data="sklearn:diabetes"), monkeypatch, tmp_path)
    loaded = load_diabetes(as_frame=True)
    _, rows, _, true = train_test_split(loaded.data, loaded.target, test_size=0.2, random_state=0)
    errors = np.abs(kept.model().predict(rows) - true)
    assert kept.tables["worst_rows"]["error"][0] == errors.max()
    assert sum(kept.charts["residuals"][1]["bin_counts"]) == len(true)
    assert sum(kept.charts["predictions"][1]["bin_counts"]) == len(true) == sum(kept.tables["error_by_target"]["rows"])
    assert kept.last("holdout_neg_mean_absolute_error") == pytest.approx(-errors.mean())


@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_no_false_alarms(data: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    estimator = "ridge" if data == "diabetes" else "gaussian_nb"
    train(declared(estimator, data=f"sklearn:{data}", permutation_repeats=0), monkeypatch, tmp_path)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
    expected = {  # iris has one flower twice, and four pixels are white in all of these digits
        "iris": ["warning: 1 of 30 rows of the holdout have the same features as a training row"],
        "digits": ["warning: 4 columns (pixel_0_0, ...) have the same value in all rows"],
    }
    assert lines == expected.get(data, [])


def made(**columns: Any) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    left = draw.choice(["yes", "no"], 200)
    return pd.DataFrame({"noise": draw.normal(size=200), "left": left, **columns})


ROWS = range(200)
LEAKS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "target": ({"gone": made()["left"].map({"yes": 7, "no": 3})}, {}, "Column gone is the target under another name"),
    "id": ({"key": [f"k{number}" for number in ROWS]}, {}, "Column key has another value in each row"),
    "constant": ({"same": ["x"] * 200}, {}, "Column same has the same value in all rows"),
    "rows": ({"noise": [number % 5 for number in ROWS]}, {}, "rows of the holdout have the same features"),
    "groups": (
        {"house": [number % 40 for number in ROWS]}, {"groups": "house", "holdout": {"after": 0.0, "column": "noise"}},
        "groups are in the training rows and in the holdout",
    ),
    "useless": ({}, {}, "The model is no better than a dummy"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_named(name: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    more, settings, expected = LEAKS[name]
    made().assign(**more).to_csv(tmp_path / "t.csv", index=False)
    text = declared(
        "logistic_regression", "mixed_table", data="./t.csv", target="left", permutation_repeats=0, **settings
    )
    train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    assert expected in capsys.readouterr().out


def test_slices_and_a_learning_curve(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    table = made(city=np.repeat(["A|", "B<b>"], 100))
    right = table["city"].eq("A|")
    table["hint"] = np.where(right, table["left"].eq("yes"), 0).astype(int)
    table.to_csv(tmp_path / "t.csv", index=False)
    text = declared(
        "tree", "mixed_table", data="./t.csv", target="left", slices=["city", "noise"], learning_curve=True,
        scoring="accuracy", holdout=0.5,
    )  # fmt: skip
    kept = train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    slices = kept.tables["slices"]
    scores = dict(zip(slices["value"], slices["accuracy"], strict=True))
    assert scores["A|"] == 1 > scores["B<b>"] and sum(slices["rows"]) == 2 * 100
    assert "warning: city=B<b> is worse than the rest: accuracy " in capsys.readouterr().out
    curve = kept.tables["learning_curve"]
    assert curve["rows"] == sorted(curve["rows"]) and len(curve["rows"]) == len(curve["score"]) > 2
    assert kept.tables["importance"]["feature"][0] in ("hint", "city", "noise")
    assert "| city | A\\| |" in kept.texts["model-card.md"] and "<b>" not in kept.texts["model-card.md"].replace(
        "\\<", ""
    )


def test_a_slice_is_worse_only_beyond_noise(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    rows = 400
    left = np.arange(rows) % 2
    hint = np.where(np.arange(rows) % 10 < 2, 1 - left, left)  # wrong in a fifth of the rows, of each city alike
    table = pd.DataFrame({"hint": hint, "city": np.arange(rows) // 10 % 60, "area": "a", "left": left})
    table["city"] = "c" + table["city"].astype(str)
    table.to_csv(tmp_path / "t.csv", index=False)
    text = declared(
        "gaussian_nb", data="./t.csv", target="left", slices=["city", "area"],
        features={"keep": ["hint"], "drop": [], "dates": []}, holdout=0.95, scoring="accuracy", permutation_repeats=0,
        cross_validation=None,
    )  # fmt: skip
    slices = train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv").tables["slices"]
    assert " is worse than the rest" not in capsys.readouterr().out
    assert sum(slices["rows"]) == 2 * 380, "each row is counted once for each column"


def test_a_column_of_many_values_loses_no_rows(tmp_path: Path, monkeypatch: Any) -> None:
    table = made(city=[f"c{at % 60}" for at in ROWS])
    table.to_csv(tmp_path / "t.csv", index=False)
    text = declared(
        "gaussian_nb", data="./t.csv", target="left", slices=["city"], holdout=0.9, permutation_repeats=0,
        features={"keep": ["noise"], "drop": [], "dates": []},
    )  # fmt: skip
    slices = train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv").tables["slices"]
    assert sum(slices["rows"]) == 180 and len(slices["value"]) == 51
    assert "10 other values" in slices["value"]


FIGURES = {
    "gaussian_nb sklearn:breast_cancer": {
        "confusion_matrix",
        "roc_curve",
        "precision_recall_curve",
        "calibration_curve",
    },
    "gaussian_nb sklearn:digits": {"confusion_matrix", "roc_curve", "precision_recall_curve", "calibration_curve"},
    "linear_svc sklearn:wine": {"confusion_matrix", "roc_curve", "precision_recall_curve"},
    "ridge sklearn:diabetes": {"predicted_against_true", "residuals"},
}


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_drawn(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    estimator, data = name.split()
    train(declared(estimator, "standard", data=data, permutation_repeats=0, figures=True), monkeypatch, tmp_path)
    drawn = {path.stem: path.read_bytes() for path in (tmp_path / "outputs").glob("*.png")}
    assert set(drawn) == FIGURES[name]
    assert all(content.startswith(b"\x89PNG") and len(content) > 5000 for content in drawn.values())


def test_figures_without_matplotlib(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(module("mistakes").Mistake, match=r"train\.figures needs matplotlib in the environment"):
        train(declared("ridge", data="sklearn:diabetes", figures=True), monkeypatch, tmp_path)
