"""Bootstrap intervals: what they cover, and what they cost with many rows."""

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.tree import DecisionTreeClassifier

from tests.support.training import module

ACCURACY = {"accuracy": get_scorer("accuracy")}


def held_out(rows: int, groups: Any = None, share: float = 0.7) -> tuple[Any, Any]:
    """Return a model that always says a, and rows of which a share is a."""
    target = pd.Series(np.where(np.arange(rows) % 10 < share * 10, "a", "b"), name="y")
    features = pd.DataFrame({"x": np.zeros(rows)})
    named = None if groups is None else pd.Series(groups, dtype=object)
    model = DummyClassifier(strategy="constant", constant="a").fit(features, target)
    return model, module("tables.datasets").Dataset(features, features, target, named, None, "classes")


@pytest.mark.parametrize("rows", [200, 5000, 20_000, 80_000])
def test_an_interval_is_as_wide_as_the_binomial_one(rows: int) -> None:
    low, high = module("evaluation.intervals").intervals(*held_out(rows), ACCURACY, 0)["accuracy"]
    width = 2 * 1.96 * (0.7 * 0.3 / rows) ** 0.5
    assert low < 0.7 < high
    assert 0.75 * width < high - low < 1.3 * width


def test_whole_groups_are_drawn() -> None:
    """Ten equal rows of one group tell no more than one row does."""
    alone = module("evaluation.intervals").intervals(*held_out(200), ACCURACY, 0)["accuracy"]
    model, data = held_out(2000, groups=np.arange(2000) // 10)
    data.target = pd.Series(np.where(np.arange(2000) // 10 % 10 < 7, "a", "b"))
    assert module("evaluation.intervals").intervals(model, data, ACCURACY, 0)["accuracy"] == alone


@pytest.mark.parametrize("names", [["u", 1, None, "v"], ["u", "v", "w", "x"], [1, 2, 3, 4]])
def test_groups_of_any_kind(names: Any) -> None:
    groups = [names[at % 4] for at in range(200)]
    low, high = module("evaluation.intervals").intervals(*held_out(200, groups), ACCURACY, 0)["accuracy"]
    assert 0.3 < low <= 0.7 <= high <= 1


def test_many_rows_or_groups_do_not_take_longer() -> None:
    def seconds(*arguments: Any) -> float:
        begun = time.perf_counter()
        module("evaluation.intervals").intervals(*held_out(*arguments), ACCURACY, 0)
        return time.perf_counter() - begun

    few = min(seconds(10_000) for _ in range(2))
    assert seconds(300_000) < 4 * few + 1
    assert seconds(300_000, np.arange(300_000) // 3) < 20 * few + 5


def fitted(labels: int, rows: int, seed: int) -> tuple[Any, Any]:
    """Return a model and rows: for two or more labels of classes, and for one of numbers."""
    draw = np.random.default_rng(seed)
    features = pd.DataFrame({"a": draw.normal(size=rows).round(1), "b": draw.normal(size=rows)})
    number = features["a"] + draw.normal(size=rows)
    if labels == 1:
        model = [Ridge(), DummyRegressor()][seed % 2].fit(features, number)
        return model, module("tables.datasets").Dataset(features, features, number, None, None, "numbers")
    names = pd.qcut(number, labels, labels=list("zyx")[:labels]).astype(str)
    model = [LogisticRegression(), DecisionTreeClassifier(max_depth=2), DummyClassifier()][seed % 3]
    model.fit(features, names)
    return model, module("tables.datasets").Dataset(features, features, names, None, None, "classes")


@pytest.mark.parametrize("rows", [6, 60])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("labels", [1, 2, 3])
def test_scores_of_rows_are_those_of_scikit_learn(labels: int, seed: int, rows: int) -> None:
    model, data = fitted(labels, rows, seed)
    draw, module_ = np.random.default_rng(seed), module("evaluation.row_scores")
    names = {1: ["r2", "neg_root_mean_squared_error", "neg_mean_absolute_error"]}.get(
        labels, ["accuracy", "f1_macro", "neg_log_loss", *(["roc_auc"] if labels == 2 else [])]
    )
    for name in names:
        ours, theirs = module_.row_score(name, model, data), get_scorer(name)
        for _ in range(20):
            chosen = draw.integers(0, rows, rows)
            try:
                expected = theirs(model, data.features.iloc[chosen], data.target.iloc[chosen])
            except ValueError:
                expected = np.nan
            if name == "r2" and data.target.iloc[chosen].nunique() == 1:
                expected = np.nan
            np.testing.assert_allclose(ours(chosen), expected, rtol=1e-9, atol=1e-12)
    assert module_.row_score("max_error", model, data) is None
    data.weights = pd.Series(np.ones(rows))
    assert module_.row_score("accuracy", model, data) is None
