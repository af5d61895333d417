"""Forms of the same rows in requests, and the bitwise comparison of an answer with the model's."""

from typing import Any

import numpy as np
import pandas


def as_json(rows: Any) -> list[Any]:
    """Return rows as JSON values of a request."""
    if isinstance(rows, pandas.DataFrame):
        return list(rows.astype(object).where(rows.notna(), None).to_numpy().tolist())
    return rows.tolist() if isinstance(rows, np.ndarray) else list(rows)


def forms(rows: Any) -> list[list[Any]]:
    """Return the forms of the same rows: lists, and with names also mappings, in another order."""
    plain = as_json(rows)
    if not isinstance(rows, pandas.DataFrame):
        return [plain]
    names = [str(name) for name in rows.columns]
    return [plain, [dict(reversed(list(zip(names, row, strict=True)))) for row in plain]]


def tensors(rows: Any) -> list[dict[str, Any]]:
    """Return rows in the Open Inference Protocol: a matrix, texts, or a frame's columns in reverse order."""
    if isinstance(rows, pandas.DataFrame):
        return [_column(str(name), rows[name]) for name in reversed(rows.columns)]
    array = rows if isinstance(rows, np.ndarray) else np.array(rows, dtype=object)
    texts = array.dtype == object and isinstance(array.flat[0], str)
    kind = "BYTES" if texts else {"f": "FP64", "i": "INT64", "O": "FP64"}[array.dtype.kind]
    return [{"name": "x", "shape": list(array.shape), "datatype": kind, "data": array.ravel().tolist()}]


def _column(name: str, column: Any) -> dict[str, Any]:
    values = column.astype(object).where(column.notna(), None).tolist()
    kinds = {type(value) for value in values}
    whole = "BOOL" if kinds == {bool} else "INT64" if kinds == {int} else "FP64"
    kind = "BYTES" if str in kinds else whole
    return {"name": name, "datatype": kind, "shape": [len(values)], "data": values}


def outputs(answer: Any) -> Any:
    """Return the answer of the only method in an Open Inference Protocol response."""
    (output,) = by_output(answer).values()
    return output


def by_output(answer: Any) -> dict[str, Any]:
    """Return an Open Inference Protocol answer by method. Several outputs of a method become a list."""
    collected: dict[str, Any] = {}
    for output in answer["outputs"]:
        values = np.array(output["data"], dtype=object).reshape(output["shape"]).tolist()
        method, _, place = output["name"].rpartition("_")
        if place.isdigit():
            collected.setdefault(method, []).append(values)
        else:
            collected[output["name"]] = values
    return collected


def layouts(rows: Any) -> list[Any]:
    """Return the same rows in the memory layouts they may have in Python. A product's bits depend on it."""
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


def same(actual: Any, expected: Any) -> bool:
    """Return whether an answer equals the expected one, bit by bit. NaN and infinities are null in JSON."""
    if isinstance(expected, list) and expected and isinstance(expected[0], np.ndarray):
        return len(actual) == len(expected) and all(map(same, actual, expected))
    array = np.asarray(expected)
    if array.dtype.kind == "f":
        finite = np.where(np.isfinite(array), array, np.nan)
        return np.array_equal(np.array(actual, dtype=float), finite, equal_nan=True)
    return repr(actual) == repr(_plain(expected if isinstance(expected, list) else array.tolist()))  # True is not 1


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
