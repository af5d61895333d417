"""Converts tensors of the Open Inference Protocol, version 2, from JSON or bytes to arrays."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from serving.data.rows import shown
from serving.errors import bad_input, count, quoted

TYPES = {
    "BOOL": np.bool_, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8,
    "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "FP16": np.float16, "FP32": np.float32,
    "FP64": np.float64,
}  # fmt: skip
WORDS = {np.dtype(kind): word for word, kind in TYPES.items()}
MOST_AXES = 32


def an_object(value: Any, what: str, *, absent: bool = False) -> dict[str, Any]:
    """Return a value that must be an object; with `absent`, null counts as an empty one."""
    if value is None and absent:
        return {}
    if not isinstance(value, dict):
        raise bad_input("wrong_type", f"{what} is not an object")
    return value


def tensor(value: Any, content: str | None) -> tuple[str, np.ndarray]:
    """Return the name and the array of an input.

    Parameters
    ----------
    value : mapping
        The input as in the request. Data that came as bytes are already an array.
    content : str or None
        The ``content_type`` of the request, for an input without its own.

    Raises
    ------
    ServingError
        400 if it is not a tensor, or its data do not fit its shape or datatype.
    """
    value = an_object(value, "An input")
    name, kind, shape, data = (value.get(key) for key in ("name", "datatype", "shape", "data"))
    if not isinstance(name, str) or not isinstance(shape, list) or not isinstance(data, list | np.ndarray):
        raise bad_input("no_tensor", "An input needs name, shape, datatype and data")
    if not shape or not all(
        isinstance(length, int) and not isinstance(length, bool) and length >= 0 for length in shape
    ):
        raise bad_input("no_tensor", f"Input {quoted(name)}: {quoted(shape)} is not a shape")
    if len(shape) > MOST_AXES:
        raise bad_input("no_tensor", f"Input {quoted(name)}: its shape has {len(shape)} axes. {MOST_AXES} are allowed")
    if isinstance(data, np.ndarray):
        array = data
    elif kind == "BYTES":
        array = _objects(_decoded(name, _flat(data), content_type(value, f"Input {quoted(name)}") or content))
    else:
        array = _numbers(name, kind, data)
    size = int(np.prod([int(length) for length in shape], dtype=object))
    if array.size != size:
        message = f"{count(array.size, 'value')}, but its shape {quoted(shape)} needs {size}"
        raise bad_input("wrong_shape", f"Input {quoted(name)} has {message}")
    try:
        return name, array.reshape(shape)
    except (ValueError, OverflowError):  # [0, 10**30] has no values either
        raise bad_input("no_tensor", f"Input {quoted(name)}: {quoted(shape)} is not a shape") from None


def content_type(value: dict[str, Any], what: str) -> str | None:
    """Return the ``content_type`` of a request or an input, as MLServer names it."""
    declared = an_object(value.get("parameters"), f"{what}: parameters", absent=True).get("content_type")
    return declared if isinstance(declared, str) else None


def numpy_type(name: str, kind: Any) -> Any:
    """Return the type of an input's numbers."""
    if not isinstance(kind, str) or kind not in TYPES:
        known = ", ".join([*TYPES, "BYTES"])
        raise bad_input("no_tensor", f"Input {quoted(name)}: datatype {quoted(kind)} is not known. Use {known}")
    return TYPES[kind]


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _numbers(name: str, kind: Any, data: list[Any]) -> np.ndarray:
    dtype, flat = np.dtype(numpy_type(name, kind)), _flat(data)
    if dtype.kind == "f":
        flat = [np.nan if value is None else value for value in flat]
    for wrong in _misfits(flat, dtype):
        raise bad_input("wrong_type", f"Input {quoted(name)}: {shown(wrong)} is not a value of datatype {kind}")
    return np.array(flat, dtype=dtype)


def _misfits(values: list[Any], dtype: np.dtype[Any]) -> Iterator[Any]:
    """Yield the values that a type cannot hold. Float types round; others would cut off or wrap around."""
    types, is_float = ((bool, int, float) if dtype.kind == "b" else (int, float)), dtype.kind == "f"
    least, most = _limits(dtype)
    for value in values:
        if type(value) not in types or value < least or value > most or not (is_float or value == int(value)):
            yield value


def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind == "f":
        most = float(np.finfo(dtype).max)
        return -most, most
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def _flat(data: list[Any]) -> list[Any]:
    level = data
    while level and isinstance(level[0], list):
        if not all(isinstance(part, list) for part in level):
            raise bad_input("ragged", "The data of an input is nested unevenly")
        level = [item for part in level for item in part]
    if any(isinstance(part, list | dict) for part in level):
        raise bad_input("ragged", "The data of an input is nested unevenly")
    return level


def _decoded(name: str, texts: list[Any], content: str | None) -> list[Any]:
    """Decode texts by MLServer's ``content_type``. Most types, and a missing one, mean texts."""
    decode = _DECODERS.get(content or "")
    if decode is None:
        return texts
    try:
        return [decode(text) for text in texts]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise bad_input("wrong_type", f"Input {quoted(name)}: not all of its data are {content}") from None


def _json_value(text: str) -> Any:
    """Return a single value. NaN means that it is missing."""
    value = json.loads(text, parse_constant=lambda _: None)
    if isinstance(value, list | dict):
        raise ValueError
    return value


_DECODERS: dict[str, Callable[[str], Any]] = {
    "base64": lambda text: base64.b64decode(text, validate=True).decode("utf-8"),
    "pd_json": _json_value,  # MLServer's encoding of a data frame's column that mixes texts and other values
}
