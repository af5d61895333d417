"""The signature of a trained model says what was learned from, and the server takes the same columns."""

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from runner.config.training_settings import FeaturesConfig
from serving.data.schema import read_schema
from tests.support.training import declared, module, train

ROWS = 120


def signature_of(kept: Any) -> Any:
    return ast.literal_eval(kept.texts["signature.json"])


def frame(cities: list[str], numbers: Any, missing: bool) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "spent €": numbers,
            "city": [cities[at % len(cities)] for at in range(ROWS)],
            "since": pd.date_range("2025-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "member": draw.integers(0, 2, ROWS).astype(bool),
            "left": np.where(draw.integers(0, 2, ROWS) == 1, "yes", "no"),
        }
    )
    if missing:
        table["city"] = table["city"].where(np.arange(ROWS) % 3 > 0, None)
    return table


NUMBERS = {"whole": range(ROWS), "floats": np.linspace(0, 1, ROWS), "constant": np.full(ROWS, 7, dtype="int8")}


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("cities", [["A", "B"], ["ü", " d", ""], ["1", "2", "x", "A, B"]])
@pytest.mark.parametrize("numbers", NUMBERS)
def test_the_server_takes_the_columns_of_the_training(
    cities: list[str], numbers: str, missing: bool, tmp_path: Path, monkeypatch: Any
) -> None:
    table = frame(cities, NUMBERS[numbers], missing)
    table.to_parquet(tmp_path / "t.parquet")
    text = declared(
        "logistic_regression", "mixed_table", data="./t.parquet", target="left", holdout=None, cross_validation=2,
        permutation_repeats=0, features=FeaturesConfig(dates=["since"]),
    )  # fmt: skip
    kept = train(text, monkeypatch, tmp_path, train=tmp_path / "t.parquet")
    found, schema = signature_of(kept), read_schema(kept.model())
    assert found["target"]["classes"] == schema.classes == ["no", "yes"]
    assert tuple(column["name"] for column in found["inputs"]) == schema.names
    kinds = {"spent €": "number", "city": "category", "since": "date", "member": "number"}
    for column, served in zip(found["inputs"], schema.columns or (), strict=True):
        assert served.kind == kinds[column["name"]]
        assert served.missing or not column["missing"]
        if served.kind == "category":
            assert set(served.known) == set(column["categories"]) and served.others
    assert [column.get("categories") for column in found["inputs"]][2:] == [None, [False, True]]
    city = next(column for column in found["inputs"] if column["name"] == "city")
    assert city["categories"] == sorted(set(table["city"].dropna())) and city["missing"] == missing
    assert json.loads(json.dumps(found)) == found


def test_targets_and_many_categories(tmp_path: Path, monkeypatch: Any) -> None:
    many = [f"c{at}" for at in range(1500)]
    pd.DataFrame({"x": np.arange(1500.0), "id": many, "y": np.arange(1500) * 2.5}).to_csv(
        tmp_path / "t.csv", index=False
    )
    text = declared("ridge", "mixed_table", data="./t.csv", target="y", cross_validation=None, permutation_repeats=0)
    found = signature_of(train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv"))
    assert found["target"] == {"name": "y", "dtype": "float64"}
    assert not any("categories" in column for column in found["inputs"]), "1,200 of 1,500 names are trained on"


@pytest.mark.parametrize("values", [["b", "a", None], [2, "a", None], [True, False, None], [np.nan, np.nan]])
def test_values_that_cannot_be_compared(values: list[Any]) -> None:
    column = pd.Series(values, name="x", dtype=object)
    described = module("evaluation.signature")._described(column)
    assert described["missing"] and len(described["categories"]) == column.notna().sum()
