"""The Open Inference Protocol, version 2, over JSON: tensors in, tensors out."""

from __future__ import annotations

from typing import Any

import numpy as np

from serving.errors import ServingError, bad_input
from serving.model import ServedModel
from serving.plane import Answer
from serving.protocols.common import mapping, text
from serving.rows import Rows

_TYPES = {
    "BOOL": np.bool_, "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "UINT8": np.uint8,
    "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "FP16": np.float16, "FP32": np.float32,
    "FP64": np.float64,
}  # fmt: skip
_WORDS = {np.dtype(kind): word for word, kind in _TYPES.items()}


def parse(body: Any, served: ServedModel) -> tuple[Rows, str | None]:
    """Return rows and method of an inference request: one matrix, or one tensor a column.

    The method is the name of the one requested output, or ``parameters.method``.
    """
    body = mapping(body)
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise bad_input("no_rows", "The request has no inputs")
    tensors = [_tensor(one) for one in inputs]
    parameters = body.get("parameters")
    method = text(parameters.get("method"), "parameters.method") if isinstance(parameters, dict) else None
    outputs = body.get("outputs")
    if method is None and isinstance(outputs, list) and outputs:
        method = text(mapping(outputs[0]).get("name"), "outputs[0].name")
    if len(tensors) == 1 and tensors[0][1].ndim != 1 and (served.schema.width != 1 or tensors[0][1].shape[-1:] != (1,)):
        return Rows(_plain(tensors[0][1])), method
    if len(tensors) == 1 and served.schema.kind == "texts":
        return Rows(_plain(tensors[0][1].reshape(-1))), method
    return _by_column(tensors), method


def _by_column(tensors: list[tuple[str, np.ndarray]]) -> Rows:
    columns = [(name, array.reshape(-1)) for name, array in tensors]
    lengths = {name: len(array) for name, array in columns}
    if len(set(lengths.values())) > 1:
        raise bad_input("ragged", f"The inputs have different lengths: {lengths}")
    if len(lengths) != len(columns):
        raise bad_input("double_column", "Two inputs have the same name")
    rows = zip(*(array.tolist() for _, array in columns), strict=True)
    return Rows([list(row) for row in rows], list(lengths))


def _tensor(value: Any) -> tuple[str, np.ndarray]:
    value = mapping(value)
    name, kind, shape, data = (value.get(key) for key in ("name", "datatype", "shape", "data"))
    if not isinstance(name, str) or not isinstance(shape, list) or not isinstance(data, list):
        raise bad_input("no_tensor", "An input needs name, shape, datatype and data")
    if not shape or not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in shape):
        raise bad_input("no_tensor", f"Input {name}: the shape {shape} is none")
    if kind == "BYTES":
        array = np.array(_flat(data), dtype=object)
    elif kind in _TYPES:
        array = _numbers(name, data, _TYPES[kind])
    else:
        raise bad_input("no_tensor", f"Input {name}: datatype {kind} is not known")
    size = int(np.prod([int(one) for one in shape], dtype=object))
    if array.size != size:
        raise bad_input("wrong_shape", f"Input {name} has {array.size} values, its shape {shape} says {size}")
    return name, array.reshape(shape)


def _numbers(name: str, data: list[Any], kind: Any) -> np.ndarray:
    flat = _flat(data)
    if any(one is None for one in flat) and np.dtype(kind).kind == "f":
        flat = [np.nan if one is None else one for one in flat]
    if not all(isinstance(one, int | float) for one in flat):
        raise bad_input("wrong_type", f"Input {name}: not all of its data are numbers")
    try:
        return np.array(flat, dtype=kind)
    except (OverflowError, ValueError) as error:
        raise bad_input("wrong_type", f"Input {name}: {error}") from None


def _flat(data: list[Any]) -> list[Any]:
    found = data
    while found and isinstance(found[0], list):
        if not all(isinstance(one, list) for one in found):
            raise bad_input("ragged", "The data of an input is nested unevenly")
        found = [item for one in found for item in one]
    if any(isinstance(one, list | dict) for one in found):
        raise bad_input("ragged", "The data of an input is nested unevenly")
    return found


def _plain(array: np.ndarray) -> Any:
    return array.tolist() if array.dtype == object else array


def render(answer: Answer, request_id: str | None) -> dict[str, Any]:
    """Return the answer as tensors, one an output."""
    values = (
        answer.values if isinstance(answer.values, list) and answer.values and _is_array(answer.values[0]) else None
    )
    if values is None:
        outputs = [_output(answer.method, np.asarray(answer.values))]
    else:
        outputs = [_output(f"{answer.method}_{at}", one) for at, one in enumerate(values)]
    served = answer.served
    found = {"model_name": served.name, "model_version": str(served.version), "outputs": outputs}
    if request_id is not None:
        found["id"] = request_id
    if served.warning:
        found["parameters"] = {"warning": served.warning}
    return found


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _output(name: str, array: np.ndarray) -> dict[str, Any]:
    kind = _WORDS.get(array.dtype, "BYTES")
    data = array.reshape(-1)
    return {
        "name": name,
        "shape": list(array.shape),
        "datatype": kind,
        "data": data if kind != "BYTES" else [str(one) for one in data.tolist()],
    }


def metadata(served: ServedModel, versions: list[int]) -> dict[str, Any]:
    """Return what ``GET /v2/models/NAME`` says; types and shapes of outputs are those of the answer to the example."""
    schema = served.schema
    return {
        "name": served.name,
        "versions": [str(one) for one in versions],
        "platform": "sklearn",
        "inputs": _inputs(served),
        "outputs": [described for method in schema.methods for described in _described(served, method)],
        "parameters": {
            "onnx": served.accelerated,
            "version": str(served.version),
            "columns": list(schema.names) if schema.names is not None else None,
            "methods": list(schema.methods),
            "default": served.default_method,
        },
    }


def _inputs(served: ServedModel) -> list[dict[str, Any]]:
    schema = served.schema
    if schema.kind == "texts":
        return [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    if schema.kind == "frame" and schema.names is not None:
        numeric = served.numeric_columns()
        return [
            {"name": name, "datatype": "FP64" if name in numeric else "BYTES", "shape": [-1, 1]}
            for name in schema.names
        ]
    return [{"name": "input", "datatype": "FP64", "shape": [-1, schema.width or -1]}]


def _described(served: ServedModel, method: str) -> list[dict[str, Any]]:
    if method not in served.samples:
        return [{"name": method, "datatype": "FP64", "shape": [-1]}]
    tensors = render(Answer(served.samples[method], method, served), None)["outputs"]
    return [{"name": one["name"], "datatype": one["datatype"], "shape": [-1, *one["shape"][1:]]} for one in tensors]


def number(version: str | None) -> int | None:
    """Return a version given as text."""
    if version is None:
        return None
    if not (version.isascii() and version.isdigit()) or len(version) > 9:
        raise ServingError(404, "no_such_version", f"{version!r} is no version")
    return int(version)
