"""A column that tells the target alone is named in made data, and none is in scikit-learn's own."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import train_test_split

from tests.support.training import module

DRAW = np.random.default_rng(0)
ROWS = 400
NOISE: dict[str, Any] = {"a": DRAW.normal(size=ROWS), "b": DRAW.normal(size=ROWS), "c": DRAW.integers(0, 50, ROWS)}
CLASSES = np.where(NOISE["a"] + 0.5 * DRAW.normal(size=ROWS) > 0, "yes", "no")
NUMBERS = np.exp(NOISE["a"] + 0.3 * DRAW.normal(size=ROWS))
THREE = np.array(["x", "y", "z"])[np.digitize(NOISE["b"] + 0.5 * DRAW.normal(size=ROWS), [-0.5, 0.5])]


def split(features: pd.DataFrame, target: Any, seed: int = 0) -> Any:
    target = pd.Series(target, name="target")
    kind = "numbers" if target.dtype.kind == "f" else "classes"
    data = module("tables.datasets").Dataset(features, features, target, None, None, kind)
    stratify = target if kind == "classes" else None
    parts = train_test_split(np.arange(len(target)), test_size=0.25, random_state=seed, stratify=stratify)
    return [data.rows(part) for part in parts]


def found(train: Any, test: Any, answers: Any = None) -> list[str]:
    answers = test.target.to_numpy() if answers is None else answers
    return list(module("evaluation.deciders").deciders(train, test, answers))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_no_false_alarms(name: str, seed: int) -> None:
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    train, test = split(loaded.data, loaded.target, seed)
    model = (RandomForestRegressor if name == "diabetes" else RandomForestClassifier)(10, random_state=seed)
    assert found(train, test, model.fit(train.features, train.target).predict(test.features)) == []
    assert found(train, test) == []


DECISIVE = {
    "numbers apart": (CLASSES, np.where(CLASSES == "yes", DRAW.normal(5, 0.5, ROWS), DRAW.normal(-5, 0.5, ROWS))),
    "missing where no": (CLASSES, np.where(CLASSES == "yes", NOISE["b"], np.nan)),
    "infinite where no": (CLASSES, np.where(CLASSES == "yes", NOISE["b"], np.inf)),
    "texts": (CLASSES, np.where(CLASSES == "yes", [f"closed {at % 7}" for at in range(ROWS)], "open")),
    "texts or nothing": (CLASSES, pd.Series([f"by {at % 7}" for at in range(ROWS)]).where(CLASSES == "yes")),
    "nullable": (CLASSES, pd.Series(np.arange(ROWS) % 9, dtype="Int64").where(CLASSES == "yes")),
    "true and false": (CLASSES, CLASSES == "yes"),
    "categories": (CLASSES, pd.Series(pd.Categorical(CLASSES))),
    "times": (
        CLASSES,
        pd.Series(pd.Timestamp("2026-01-01"), range(ROWS)).where(CLASSES == "yes")
        + pd.to_timedelta(np.arange(ROWS) % 90, "D"),
    ),
    "one time or none": (CLASSES, pd.Series(pd.Timestamp("2026-01-01"), range(ROWS)).where(CLASSES == "yes")),
    "one large number or infinity": (CLASSES, np.where(CLASSES == "yes", 1e18, np.inf)),
    "three classes": (THREE, pd.Series(THREE).map({"x": 0, "y": 10, "z": 20}) + DRAW.normal(0, 0.5, ROWS)),
    "a number": (NUMBERS, NUMBERS + DRAW.normal(0, 0.001, ROWS)),
    "a text of a number": (NUMBERS, pd.Series(NUMBERS).round(1).map(lambda one: f"level {one}")),
}


@pytest.mark.parametrize("name", DECISIVE)
def test_a_column_that_decides_alone_is_named(name: str) -> None:
    target, column = DECISIVE[name]
    train, test = split(pd.DataFrame({**NOISE, "closed_on": column}), target)
    for answers in (None, np.repeat(test.target.iloc[:1].to_numpy(), len(test))):  # also if the model does not use it
        (line,) = found(train, test, answers)
        assert line == "Column closed_on alone predicts as well as the model. Was its value known before the outcome?"


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("target", [CLASSES, THREE, NUMBERS], ids=["two", "three", "numbers"])
def test_noise_decides_nothing(target: Any, seed: int) -> None:
    assert found(*split(pd.DataFrame(NOISE), target, seed)) == []


def test_several_good_columns_are_no_leak() -> None:
    level = np.where(CLASSES == "yes", 5.0, -5.0)
    good = {f"good{at}": level + DRAW.normal(0, 0.5, ROWS) for at in range(3)}
    assert found(*split(pd.DataFrame({**NOISE, **good}), CLASSES)) == []


def test_a_weak_column_is_no_leak() -> None:
    weak = np.where(CLASSES == "yes", 1, 0) + DRAW.normal(0, 1.0, ROWS)
    assert found(*split(pd.DataFrame({**NOISE, "weak": weak}), CLASSES)) == []
