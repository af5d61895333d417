"""Bootstrap intervals: what they cover, and what they cost with many rows."""

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.metrics import get_scorer

from tests.support.training import module

ACCURACY = {"accuracy": get_scorer("accuracy")}


def held_out(rows: int, groups: Any = None, share: float = 0.7) -> tuple[Any, Any]:
    """Return a model that always says a, and rows of which a share is a."""
    target = pd.Series(np.where(np.arange(rows) % 10 < share * 10, "a", "b"), name="y")
    features = pd.DataFrame({"x": np.zeros(rows)})
    named = None if groups is None else pd.Series(groups, dtype=object)
    model = DummyClassifier(strategy="constant", constant="a").fit(features, target)
    return model, module("datasets").Dataset(features, features, target, named, None, "classes")


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
