"""Rows in the order of time are never shuffled, and a holdout of groups has each class."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import TimeSeriesSplit, cross_val_score

from tests.support.training import declared, module, train

FOLDS = {"_target_": "sklearn.model_selection.TimeSeriesSplit", "n_splits": 4}


def series(seed: int, rows: int = 120) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=rows)
    return pd.DataFrame({"t": np.arange(rows), "x": x, "y": np.where(x + draw.normal(size=rows) > 0, "up", "down")})


def trained(table: pd.DataFrame, monkeypatch: Any, folder: Path, **settings: Any) -> Any:
    table.to_csv(folder / "t.csv", index=False)
    chosen = {"target": "y", "scoring": ["accuracy"], "permutation_repeats": 0, **settings}
    return train(declared("logistic_regression", data="./t.csv", **chosen), monkeypatch, folder, train=folder / "t.csv")


def in_scikit_learn(table: pd.DataFrame) -> list[float]:
    model = LogisticRegression(random_state=0)
    scores = cross_val_score(model, table[["t", "x"]], table["y"], cv=TimeSeriesSplit(4), scoring="accuracy")
    return [float(score) for score in scores]


@pytest.mark.parametrize("seed", range(3))
def test_the_last_rows_are_held_out(seed: int, tmp_path: Path, monkeypatch: Any) -> None:
    table = series(seed)
    kept = trained(table, monkeypatch, tmp_path, cross_validation=FOLDS)
    assert kept.values["fold_accuracy"] == in_scikit_learn(table[:96])
    model = LogisticRegression(random_state=0).fit(table[:96][["t", "x"]], table[:96]["y"])
    assert kept.last("holdout_accuracy") == model.score(table[96:][["t", "x"]], table[96:]["y"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("as_dates", [False, True])
def test_rows_are_sorted_by_the_time_that_the_holdout_names(
    seed: int, as_dates: bool, tmp_path: Path, monkeypatch: Any
) -> None:
    table = series(seed)
    mixed = table.sample(frac=1, random_state=seed)
    holdout: dict[str, Any] = {"after": 89, "column": "t"}
    if as_dates:
        days = pd.date_range("2024-01-01", periods=120).strftime("%Y-%m-%d")
        mixed["day"] = [days[t] for t in mixed["t"]]
        holdout = {"after": days[89], "column": "day"}
    drop = {"keep": ["t", "x"], "drop": []}
    from runner.config.training_settings import FeaturesConfig

    settings: Any = {"cross_validation": FOLDS, "holdout": holdout, "features": FeaturesConfig(**drop)}
    kept = trained(mixed, monkeypatch, tmp_path, **settings)
    assert kept.values["fold_accuracy"] == in_scikit_learn(table[:90])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({"holdout": {"size": 0.2, "stratify": True}}, "stratify cannot"), ({"groups": "t"}, "train.groups cannot")],
)
def test_what_cannot_be_in_order(settings: Any, expected: str, tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(Exception, match=f"{expected} be combined with TimeSeriesSplit") as caught:
        trained(series(0), monkeypatch, tmp_path, cross_validation=FOLDS, **settings)
    assert type(caught.value).__name__ == "Mistake"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [0.2, 0.5, 30])
def test_a_holdout_of_groups_has_the_rare_class(seed: int, size: float, tmp_path: Path, monkeypatch: Any) -> None:
    rows = 150
    household = np.arange(rows) // 3
    table = pd.DataFrame({"g": household, "x": np.random.default_rng(seed).normal(size=rows)})
    table["y"] = np.where(household % 5 == 0, "rare", "common")
    table.to_csv(tmp_path / "t.csv", index=False)
    settings: Any = {"groups": "g", "holdout": {"size": size, "stratify": True, "seed": seed}, "target": "y"}
    text = declared("logistic_regression", data="./t.csv", **settings)
    monkeypatch.setenv("VIVERO_INPUT_TRAIN", str(tmp_path / "t.csv"))
    kept = train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    counts = dict(zip(kept.tables["classes"]["class"], kept.tables["classes"]["rows"], strict=True))
    share = size if size < 1 else size / rows
    assert counts["rare"] == pytest.approx(30 * share, abs=6) and counts["common"] == pytest.approx(120 * share, abs=9)


def test_a_target_of_numbers_is_not_told_by_each_column_of_numbers(
    tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"noise": draw.normal(size=90), "x": draw.normal(size=90), "y": draw.normal(size=90)})
    table.to_csv(tmp_path / "t.csv", index=False)
    text = declared("linear_regression", data="./t.csv", target="y", permutation_repeats=0)
    kept = train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    assert "under another name" not in capsys.readouterr().out + kept.texts["model-card.md"]
    table.assign(up=table["y"] * 2, down=-table["y"]).to_csv(tmp_path / "t.csv", index=False)
    train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    said = capsys.readouterr().out
    assert [name for name in table.columns.union(["up", "down"]) if f"Column {name} is the target under" in said] == [
        "down",
        "up",
    ]


def test_a_card_has_no_addresses(tmp_path: Path, monkeypatch: Any) -> None:
    kept = trained(series(0), monkeypatch, tmp_path)
    estimator = {"_target_": "sklearn.linear_model.LogisticRegression"}
    (tmp_path / "t.csv").write_text(series(0).to_csv(index=False))
    text = declared(estimator, "mixed_table", data="./t.csv", target="y", permutation_repeats=0)
    kept = train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    assert " at 0x" not in kept.texts["model-card.md"] and "StandardScaler()" in kept.texts["model-card.md"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"scoring": ["roc_auc_ovr"]}, "train.scoring: roc_auc_ovr needs probabilities, which SVC does not give"),
        ({"threshold": 0.3}, "train.threshold needs a target with two classes, but 'target' has 3"),
    ],
)
def test_what_an_estimator_does_not_have(settings: Any, expected: str, tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(module("mistakes").Mistake) as caught:
        train(declared({"_target_": "sklearn.svm.SVC"}, data="sklearn:iris", **settings), monkeypatch, tmp_path)
    assert str(caught.value) == expected
