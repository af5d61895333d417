"""Scores are those of scikit-learn in Python, to the last bit, and the exported script gives them too."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.support.exported_scripts import COVERS, NUMBERS, OPTIONS, QUICK, check_script
from tests.support.training import declared, module, train

SLOW = {("gaussian_process", "digits"), ("gaussian_process", "breast_cancer")}  # minutes each
PAIRS = [
    (name, data)
    for name in OPTIONS
    for data in (
        ["diabetes"] if name in NUMBERS or "regressor" in name else ["iris", "wine", "breast_cancer", "digits"]
    )
    if (name, data) not in SLOW
]


def tree_of(name: str) -> Any:
    from tests.support.training import option

    return option("estimator", name) | QUICK.get(name, {})


@pytest.mark.slow("fits each estimator several times", seconds=60)
@pytest.mark.parametrize(("name", "data"), PAIRS)
@pytest.mark.sampled(25, covers=COVERS)
def test_every_option_and_its_script(name: str, data: str, tmp_path: Path, monkeypatch: Any) -> None:
    tree = tree_of(name)
    assert is_classifier(module("models.building").build(tree, "estimator", ("sklearn",))) != (data == "diabetes")
    before = None if data in ("digits",) or name == "multinomial_nb" else "standard"
    text = declared(tree, before, data=f"sklearn:{data}", cross_validation=2, permutation_repeats=0)
    kept = train(text, monkeypatch, tmp_path)
    check_script(text, kept, tmp_path, monkeypatch)
    assert "# Model card" in kept.texts["model-card.md"]


def test_scores_are_those_of_python(tmp_path: Path, monkeypatch: Any) -> None:
    text = declared(
        {"_target_": "sklearn.linear_model.LogisticRegression", "C": 0.1}, "standard", data="sklearn:breast_cancer",
        scoring=["roc_auc", "f1", "average_precision"],
    )  # fmt: skip
    kept = train(text, monkeypatch, tmp_path)
    loaded = load_breast_cancer(as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, random_state=0))
    names = loaded.target_names[loaded.target]
    rows, others, y, _ = train_test_split(loaded.data, names, test_size=0.2, random_state=0, stratify=names)
    scores = cross_validate(
        model, rows, y, cv=StratifiedKFold(5, shuffle=True, random_state=0), scoring=["roc_auc", "accuracy"]
    )
    assert kept.last("cv_roc_auc") == np.mean(scores["test_roc_auc"]) == kept.last("cv_score")
    assert kept.values["fold_roc_auc"] == list(scores["test_roc_auc"])
    fitted = clone(model).fit(rows, y)
    assert list(kept.model().predict(others)) == list(fitted.predict(others))


def table(rows: int = 240) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    city = draw.choice(["Köln", "Łódź", "<b>|"], rows)
    age = draw.integers(18, 90, rows).astype(float)
    age[::17] = np.nan
    spent = draw.normal(100, 20, rows) + 30 * (city == "Köln")
    return pd.DataFrame(
        {
            "household": np.arange(rows) // 3, "city": city, "age": age, "spent": spent,
            "since": pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d"),
            "weight": draw.uniform(0.5, 2, rows),
            "left": np.where(spent + draw.normal(0, 10, rows) > 110, "yes", "no"),
        }
    )  # fmt: skip


SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "groups": {"groups": "household"},
    "weights": {"sample_weight": "weight"},
    "after": {"holdout": {"after": "2024-07-01", "column": "since"}},
    "rows": {"holdout": {"size": 40, "seed": 3, "stratify": False}},
    "no holdout": {"holdout": None},
    "no folds": {"cross_validation": None},
    "repeats": {"cross_validation": {"folds": 3, "repeats": 2}},
    "in order": {"cross_validation": {"folds": 3, "shuffle": False}},
    "later": {
        "cross_validation": {"_target_": "sklearn.model_selection.TimeSeriesSplit", "n_splits": 3},
        "holdout": {"after": "2024-03-01", "column": "since"},
    },
    "groups by class": {"groups": "household", "holdout": {"size": 0.3, "stratify": True}},
    "times": {"cross_validation": {"_target_": "sklearn.model_selection.TimeSeriesSplit", "n_splits": 3}},
    "scoring": {"scoring": ["f1", "average_precision", "neg_brier_score", "balanced_accuracy"]},
    "calibrated": {"calibrate": "sigmoid"},
    "threshold": {"threshold": 0.3},
    "best threshold": {"threshold": {"metric": "balanced_accuracy"}, "cross_validation": 2},
    "kept": {"features": {"keep": ["city", "spent"], "drop": []}},
    "seed": {"seed": 7},
    "dates": {"features": {"dates": ["since"]}, "holdout": {"after": "2024-07-01", "column": "since"}},
    "calibrated groups": {"calibrate": "sigmoid", "threshold": 0.4, "groups": "household", "cross_validation": 2},
    "threshold of groups": {"threshold": {"metric": "f1"}, "groups": "household", "cross_validation": 2},
}


@pytest.mark.slow("fits several times, with folds within folds", seconds=60)
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".tsv", ".json"])
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.sampled(16, covers=COVERS)
def test_a_table_of_one_s_own(name: str, suffix: str, tmp_path: Path, monkeypatch: Any) -> None:
    from runner.config.training_settings import FeaturesConfig

    path, data = tmp_path / f"t{suffix}", table()
    write: Any = {
        ".csv": lambda: data.to_csv(path, index=False), ".tsv": lambda: data.to_csv(path, index=False, sep="\t"),
        ".parquet": lambda: data.to_parquet(path), ".json": lambda: data.to_json(path),
        ".jsonl": lambda: data.to_json(path, orient="records", lines=True),
    }[suffix]  # fmt: skip
    write()
    settings = dict(SETTINGS[name])
    features = settings.pop("features", {"keep": [], "drop": ["since"]})
    text = declared(
        "logistic_regression", "mixed_table", data="./t", target="left", slices=["city", "age"],
        features=FeaturesConfig(**features), permutation_repeats=1, **settings,
    )  # fmt: skip
    kept = train(text, monkeypatch, tmp_path, train=path)
    if settings.get("cross_validation", 5) is not None:
        check_script(text, kept, tmp_path, monkeypatch, train=str(path))
    card = kept.texts["model-card.md"]
    assert "left" in card and "<b>" not in card
    for line in card.splitlines():
        assert not line.startswith("| city") or line.replace("\\|", "").count("|") in (3, 4, 5)


@pytest.mark.parametrize("settings", [{"drop": ["mean radius", "worst area"]}, {"keep": ["mean radius", "worst area"]}])
def test_dropped_columns_change_no_bit_of_the_script(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """How numbers lie in memory can change the last bit of a sum."""
    from runner.config.training_settings import FeaturesConfig

    text = declared(
        "logistic_regression", "standard", data="sklearn:breast_cancer", features=FeaturesConfig(**settings),
        scoring=["neg_brier_score", "neg_log_loss", "roc_auc"],
    )  # fmt: skip
    check_script(text, train(text, monkeypatch, tmp_path), tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "columns", [["flag"], ["flag", "number"], ["flag", "city"], ["flag", "kind"], ["number", "city"]]
)
def test_a_mixed_table_has_any_columns(columns: list[str], tmp_path: Path, monkeypatch: Any) -> None:
    draw = np.random.default_rng(0)
    data = pd.DataFrame(
        {
            "flag": draw.choice([True, False], 120), "number": draw.normal(size=120),
            "city": draw.choice(["a", "b"], 120),
            "kind": pd.Categorical(draw.choice(["x", "y"], 120)), "left": draw.choice(["yes", "no"], 120),
        }
    )  # fmt: skip
    path = tmp_path / "t.parquet"
    data[[*columns, "left"]].to_parquet(path)
    text = declared("logistic_regression", "mixed_table", data="./t", target="left", permutation_repeats=0)
    assert train(text, monkeypatch, tmp_path, train=path).last("cv_accuracy") > 0


def test_other_rows_are_the_holdout(tmp_path: Path, monkeypatch: Any) -> None:
    data, other = table(), table().head(90)
    data.to_csv(tmp_path / "a.csv", index=False)
    other[[*reversed(other.columns)]].to_csv(tmp_path / "b.csv", index=False)
    text = declared("logistic_regression", "mixed_table", data="./a.csv", target="left", holdout={"data": "./b.csv"})
    places = {"train": tmp_path / "a.csv", "holdout": tmp_path / "b.csv"}
    kept = train(text, monkeypatch, tmp_path, **places)
    check_script(text, kept, tmp_path, monkeypatch, **{name: str(place) for name, place in places.items()})
    assert "rows of the holdout have the same features" in kept.texts["model-card.md"]


def test_a_trial_only_cross_validates(tmp_path: Path, monkeypatch: Any) -> None:
    kept = train(declared("svc", data="sklearn:iris", final=False), monkeypatch, tmp_path)
    assert len(kept.values["cv_score"]) == 5 and kept.values["cv_score"][0] == kept.values["fold_accuracy"][0]
    assert not any(name.startswith(("holdout", "dummy")) for name in kept.values) and not kept.texts


def test_the_same_declaration_gives_the_same_model(tmp_path: Path, monkeypatch: Any) -> None:
    text = declared({"_target_": "sklearn.ensemble.RandomForestClassifier", "n_estimators": 5}, data="sklearn:wine")
    first = train(text, monkeypatch, tmp_path)
    model = first.model()
    again = train(text, monkeypatch, tmp_path)
    seconds = ("fit_seconds", "score_seconds")
    assert {k: v for k, v in first.values.items() if k not in seconds} == {
        k: v for k, v in again.values.items() if k not in seconds
    }
    from sklearn.datasets import load_wine

    rows = load_wine(as_frame=True).data
    assert np.array_equal(model.predict_proba(rows), again.model().predict_proba(rows))
