"""Converts a model's output to strict JSON: exact numbers, and null for NaN and infinities."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

_NUMPY = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def normalize_output(value: Any) -> Any:
    """Return a model's output as an array, a list of arrays (several outputs), or plain values.

    Sparse matrices become dense. float32 becomes float64, whose digits a JSON reader restores exactly. Labels of bytes
    become texts.
    """
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "to_numpy"):  # a data frame or series, from set_output
        value = value.to_numpy()
    if isinstance(value, tuple | list):
        return [normalize_output(part) for part in value]
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            return np.ascontiguousarray(value, dtype=np.float64)
        if value.dtype.kind in "iub":
            return np.ascontiguousarray(value)
        return _texts(value.tolist())
    return value


def _texts(value: Any) -> Any:
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def rows_of(value: Any, start: int, stop: int) -> Any:
    """Return the rows of an output from `start` to `stop`."""
    if isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        return [part[start:stop] for part in value]
    return value[start:stop]


def dumps(value: Any) -> bytes:
    """Return a value as JSON, with null for NaN and infinities."""
    return orjson.dumps(value, default=_other, option=_NUMPY)


def _other(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
