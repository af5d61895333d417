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
    texts = array.dtype == object and isinstance(array.flat[0], str)
    kind = "BYTES" if texts else {"f": "FP64", "i": "INT64", "O": "FP64"}[array.dtype.kind]
    return [{"name": "x", "shape": list(array.shape), "datatype": kind, "data": array.ravel().tolist()}]


def _column(name: str, column: Any) -> dict[str, Any]:
    values = column.astype(object).where(column.notna(), None).tolist()
    kinds = {type(one) for one in values}
    whole = "BOOL" if kinds == {bool} else "INT64" if kinds == {int} else "FP64"
    kind = "BYTES" if str in kinds else whole
    return {"name": name, "datatype": kind, "shape": [len(values)], "data": values}


def outputs(answer: Any) -> Any:
    """Return the only method's answer of the Open Inference Protocol."""
    (found,) = by_output(answer).values()
    return found


def by_output(answer: Any) -> dict[str, Any]:
    """Return what an answer of the Open Inference Protocol says, by method; several outputs of one are a list."""
    found: dict[str, Any] = {}
    for one in answer["outputs"]:
        values = np.array(one["data"], dtype=object).reshape(one["shape"]).tolist()
        method, _, place = one["name"].rpartition("_")
        if place.isdigit():
            found.setdefault(method, []).append(values)
        else:
            found[one["name"]] = values
    return found


def layouts(rows: Any) -> list[Any]:
    """Return the same rows in the orders in memory that they may have in Python, which bits of a product depend on."""
    if isinstance(rows, np.ndarray) and rows.ndim > 1:
        return [rows, np.asfortranarray(rows)]
    if not isinstance(rows, pandas.DataFrame):
        return [rows]
    if any(not isinstance(name, str) for name in rows.columns):
        return [np.ascontiguousarray(rows), np.asfortranarray(rows)]
    if any(kind.kind not in "fiub" for kind in rows.dtypes):
        return [rows]
    by_column = pandas.DataFrame({name: rows[name].to_numpy() for name in rows.columns})
    numbers = np.ascontiguousarray(rows.astype(float))
    return [by_column, rows.astype(float), pandas.DataFrame(numbers, columns=rows.columns, copy=False)]


def same(found: Any, expected: Any) -> bool:
    """Tell whether an answer is the expected one, bit by bit; what is no number is null in JSON."""
    if isinstance(expected, list) and expected and isinstance(expected[0], np.ndarray):
        return len(found) == len(expected) and all(map(same, found, expected))
    array = np.asarray(expected)
    if array.dtype.kind == "f":
        finite = np.where(np.isfinite(array), array, np.nan)
        return np.array_equal(np.array(found, dtype=float), finite, equal_nan=True)
    return repr(found) == repr(_plain(expected if isinstance(expected, list) else array.tolist()))  # True is no 1


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value
