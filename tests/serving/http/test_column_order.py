"""Columns in any order, too few or too many, by name and by position, in every form of every protocol."""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

X = pandas.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["a", "b", "c"])
Y = 100 * X["a"] + 10 * X["b"] + X["c"]  # each column counts
MIXED = make_pipeline(
    ColumnTransformer([("numbers", StandardScaler(), ["a", "b"]), ("kinds", OneHotEncoder(), ["c"])]),
    LinearRegression(),
)
with warnings.catch_warnings():
    MODELS: dict[str, tuple[Any, list[str], list[Any]]] = {
        "with names": (LinearRegression().fit(X, Y), ["a", "b", "c"], [1.0, 2.0, 3.0]),
        "without names": (LinearRegression().fit(X.to_numpy(), Y), ["0", "1", "2"], [1.0, 2.0, 3.0]),
        "of several types": (
            MIXED.fit(X.assign(c=np.where(X["c"] > 0, "x", "y")), Y), ["a", "b", "c"], [1.0, 2.0, "x"],
        ),
    }  # fmt: skip


def named(names: list[str], row: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield requests of two rows by name."""
    rows, records = [row, row], [dict(zip(names, row, strict=True))] * 2
    columns = {name: [value] * 2 for name, value in records[0].items()}
    split = {"columns": names, "data": rows}
    for given in (records, split, columns):
        yield "/score", {"json": {"data": given}}
        yield "/score", {"json": {"input_data": given}}
        yield "/score", {"json": {"Inputs": {"data": given}}}
    yield "/score", {"json": split}
    yield "/invocations", {"json": {"dataframe_split": split}}
    yield "/invocations", {"json": {"dataframe_records": records}}
    lines = [",".join(map(str, one)) for one in (names, row, row)]
    yield "/invocations", {"data": "\n".join(lines), "content_type": "text/csv"}
    for given in (records, columns):
        yield "/invocations", {"json": {"inputs": given}}
        yield "/invocations", {"json": {"instances": given}}
        yield "/v1/models/m:predict", {"json": {"instances" if given is records else "inputs": given}}
    tensors = [tensor(name, [2, 1], [value] * 2) for name, value in records[0].items()]
    yield "/v2/models/m/infer", {"json": {"inputs": tensors}}


def placed(row: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield requests of two rows by position."""
    rows = [row, row]
    for words in ({"data": rows}, {"input_data": {"data": rows}}, {"Inputs": {"data": rows}}):
        yield "/score", {"json": words}
    for word in ("instances", "inputs", "dataframe_records"):
        yield "/invocations", {"json": {word: rows}}
    yield "/invocations", {"json": {"dataframe_split": {"data": rows}}}
    for word in ("instances", "inputs"):
        yield "/v1/models/m:predict", {"json": {word: rows}}
    if not any(isinstance(value, str) for value in row):
        yield "/v2/models/m/infer", {"json": {"inputs": [tensor("x", [2, len(row)], row * 2)]}}


def tensor(name: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    kind = "BYTES" if any(isinstance(text, str) for text in data) else "FP64"
    return {"name": name, "shape": shape, "datatype": kind, "data": data}


def answered(found: Any) -> Any:
    if isinstance(found.get("outputs"), list) and isinstance(found["outputs"][0], dict):
        return found["outputs"][0]["data"]
    return next(iter(found.values()))


@pytest.mark.parametrize("which", MODELS)
def test_columns_by_name_come_in_any_order_and_completely(which: str, client: Any) -> None:
    model, own, row = MODELS[which]
    expected, server = python(model, own, row), client(m=model)
    values = {**dict(zip(own, row, strict=True)), "extra": 9.0}
    for count in range(1, 5):
        for names in itertools.permutations(values, count):
            for address, words in named(list(names), [values[name] for name in names]):
                answer = server.post(address, **words)
                shown = f"{address} {words}: {answer.status_code} {answer.text[:200]}"
                assert answer.status_code == (200 if set(names) == set(own) else 400), shown
                assert answer.status_code == 400 or np.allclose(answered(answer.json), expected), shown


@pytest.mark.parametrize("which", MODELS)
def test_columns_by_position_are_as_many_as_the_models(which: str, client: Any) -> None:
    model, own, row = MODELS[which]
    expected, server = python(model, own, row), client(m=model)
    for width in range(5):
        for address, words in placed([*row, 9.0][:width]):
            answer = server.post(address, **words)
            shown = f"{address} {words}: {answer.status_code} {answer.text[:200]}"
            assert answer.status_code == (200 if width == len(own) else 400), shown
            assert answer.status_code == 400 or np.allclose(answered(answer.json), expected), shown


def python(model: Any, names: list[str], row: list[Any]) -> Any:
    frame = pandas.DataFrame([row, row], columns=names)
    return model.predict(frame if hasattr(model, "feature_names_in_") else frame.to_numpy())
