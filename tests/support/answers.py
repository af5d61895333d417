"""The forms that the same rows have in requests, and whether an answer is the model's, bit by bit."""

from typing import Any

import numpy as np
import pandas


def as_json(rows: Any) -> list[Any]:
    """Return rows as a request has them."""
    if isinstance(rows, pandas.DataFrame):
        return list(rows.astype(object).where(rows.notna(), None).to_numpy().tolist())
    return rows.tolist() if isinstance(rows, np.ndarray) else list(rows)


def forms(rows: Any) -> list[list[Any]]:
    """Return the forms that the same rows may have: with names also by name, in another order."""
    plain = as_json(rows)
    if not isinstance(rows, pandas.DataFrame):
        return [plain]
    names = [str(name) for name in rows.columns]
    return [plain, [dict(reversed(list(zip(names, row, strict=True)))) for row in plain]]


def tensors(rows: Any) -> list[dict[str, Any]]:
    """Return rows as the Open Inference Protocol has them: a matrix, texts, or a frame column by column, backwards."""
    if isinstance(rows, pandas.DataFrame):
        return [_column(str(name), rows[name]) for name in reversed(rows.columns)]
    array = rows if isinstance(rows, np.ndarray) else np.array(rows, dtype=object)
    kind = {"f": "FP64", "i": "INT64", "O": "BYTES"}[array.dtype.kind]
    return [{"name": "x", "shape": list(array.shape), "datatype": kind, "data": array.ravel().tolist()}]


def _column(name: str, column: Any) -> dict[str, Any]:
    values = column.astype(object).where(column.notna(), None).tolist()
    whole = all(isinstance(one, int) for one in values)
    kind = "BYTES" if any(isinstance(one, str) for one in values) else "INT64" if whole else "FP64"
    return {"name": name, "datatype": kind, "shape": [len(values)], "data": values}


def outputs(answer: Any) -> Any:
    """Return what an answer of the Open Inference Protocol says: each output's values in its shape."""
    found = [np.array(one["data"]).reshape(one["shape"]).tolist() for one in answer["outputs"]]
    return found if len(found) > 1 else found[0]


def layouts(rows: Any) -> list[Any]:
    """Return the same rows in the orders in memory that they may have in Python, which bits of a product depend on."""
    if not isinstance(rows, pandas.DataFrame):
        return [rows]
    if any(not isinstance(name, str) for name in rows.columns):
        return [np.ascontiguousarray(rows), np.asfortranarray(rows)]
    if any(kind.kind != "f" for kind in rows.dtypes):
        return [rows]
    by_column = pandas.DataFrame({name: rows[name].to_numpy() for name in rows.columns})
    return [by_column, pandas.DataFrame(np.ascontiguousarray(rows), columns=rows.columns, copy=False)]


def same(found: Any, expected: Any) -> bool:
    """Tell whether an answer is the expected one, bit by bit; what is no number is null in JSON."""
    if isinstance(expected, list) and expected and isinstance(expected[0], np.ndarray):
        return len(found) == len(expected) and all(map(same, found, expected))
    array = np.asarray(expected)
    if array.dtype.kind == "f":
        finite = np.where(np.isfinite(array), array, np.nan)
        return np.array_equal(np.array(found, dtype=float), finite, equal_nan=True)
    return bool(np.asarray(found).tolist() == array.tolist())
