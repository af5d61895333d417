"""The Open Inference Protocol, version 2, over JSON: tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import bad_input
from serving.openapi.bodies import example_if_works, object_of, shown_example
from serving.openapi.operations import JSON, Body
from serving.protocols.common import mapping, text
from serving.protocols.oip_tensors import WORDS, an_object, content_type, tensor

_FOREIGN = ("classification", "shared_memory_region")  # of other extensions: what they ask for is not done here


@dataclass(frozen=True)
class Inference:
    """What a request asks for.

    Parameters
    ----------
    rows : Rows
        What to ask the model about.
    methods : tuple of (str or None)
        What to ask it; None is its default.
    binary : mapping of str to bool
        Which outputs are wanted as bytes, as far as the request says so.
    otherwise : bool
        Whether the other outputs are.
    request_id : str or None
        Given back as it came.
    """

    rows: Rows
    methods: tuple[str | None, ...]
    binary: Mapping[str, bool]
    otherwise: bool
    request_id: str | None


def parse(body: Any, served: ServedModel) -> Inference:
    """Read an inference request: one matrix, or one tensor a column.

    The methods are the names of the requested outputs, or the one in ``parameters.method``.
    """
    body = mapping(body)
    parameters = an_object(body.get("parameters"), "parameters", absent=True)
    method = text(parameters.get("method"), "parameters.method")
    binary = _outputs_wanted(body.get("outputs"))
    return Inference(
        rows=_rows(body, served),
        methods=(method,) if method is not None else tuple(binary) or (None,),
        binary={name: wanted for name, wanted in binary.items() if wanted is not None},
        otherwise=_flag(parameters, "binary_data_output") or False,
        request_id=text(body.get("id"), "id"),
    )


def _outputs_wanted(value: Any) -> dict[str, bool | None]:
    """Return the names of the requested outputs, and whether each is wanted as bytes, or not said."""
    if value is not None and not isinstance(value, list):
        raise bad_input("wrong_type", "outputs is no list")
    found: dict[str, bool | None] = {}
    for at, one in enumerate(value or []):
        name = text(an_object(one, f"outputs[{at}]").get("name"), f"outputs[{at}].name")
        if name is None:
            raise bad_input("no_output", f"outputs[{at}] has no name")
        parameters = an_object(one.get("parameters"), f"outputs[{at}].parameters", absent=True)
        for word in _FOREIGN:
            if word in parameters:
                raise bad_input("no_output", f"outputs[{at}]: {word} is not done here")
        found[name] = _flag(parameters, "binary_data")
    return found


def _flag(parameters: dict[str, Any], name: str) -> bool | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_input("wrong_type", f"{name} is neither true nor false")
    return value


def _rows(body: dict[str, Any], served: ServedModel) -> Rows:
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise bad_input("no_rows", "The request has no inputs")
    content = content_type(body, "The request")
    tensors = [tensor(one, content) for one in inputs]
    if len(tensors) > 1:
        return _by_column(tensors)
    ((_, array),) = tensors
    matrix = (content_type(inputs[0], "The input") or content) == "np"  # then its name is no column's
    if array.ndim != 1 and (matrix or served.schema.width != 1 or array.shape[-1:] != (1,)):
        return Rows(_plain(array))
    if served.schema.kind == "texts":
        return Rows(_plain(array.reshape(-1)))
    if served.schema.names is None and not served.schema.is_open:  # then it is no column's name either
        return Rows(_plain(array.reshape(-1, 1)))
    return _by_column(tensors)


def _by_column(tensors: list[tuple[str, np.ndarray]]) -> Rows:
    for name, array in tensors:
        if array.size != array.shape[0]:
            raise bad_input("wrong_shape", f"Input {name} of {list(array.shape)} is no column, and it is not alone")
    columns = [(name, array.reshape(-1)) for name, array in tensors]
    lengths = {name: len(array) for name, array in columns}
    if len(set(lengths.values())) > 1:
        raise bad_input("ragged", f"The inputs have different lengths: {lengths}")
    if len(lengths) != len(columns):
        raise bad_input("double_column", "Two inputs have the same name")
    rows = zip(*(array.tolist() for _, array in columns), strict=True)
    return Rows([list(row) for row in rows], list(lengths))


def _plain(array: np.ndarray) -> Any:
    return array.tolist() if array.dtype == object else array


def render(answers: list[Answer], inference: Inference) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the answers as tensors, one an output, and those of them that are wanted as bytes.

    Numbers and texts are told apart by their datatype; MLServer's codecs need no ``content_type`` to read them.
    """
    outputs, binary = [], []
    for answer in answers:
        found = _outputs(answer)
        outputs += found
        if inference.binary.get(answer.method, inference.otherwise):
            binary += found
    served = answers[0].served
    form = {"model_name": served.name, "model_version": str(served.version), "outputs": outputs}
    if inference.request_id is not None:
        form["id"] = inference.request_id
    if served.warning:
        form["parameters"] = {"warning": served.warning}
    return form, binary


def _outputs(answer: Answer) -> list[dict[str, Any]]:
    values = answer.values
    if isinstance(values, list) and values and isinstance(values[0], np.ndarray):
        return [_output(f"{answer.method}_{at}", one) for at, one in enumerate(values)]
    return [_output(answer.method, np.asarray(values))]


def _output(name: str, array: np.ndarray) -> dict[str, Any]:
    kind = WORDS.get(array.dtype, "BYTES")
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
        "inputs": inputs(served),
        "outputs": [described for method in schema.methods for described in _described(served, method)],
        "parameters": {
            "onnx": served.accelerated,
            "version": str(served.version),
            "columns": list(schema.names) if schema.names is not None else None,
            "methods": list(schema.methods),
            "default": served.default_method,
        },
    }


def inputs(served: ServedModel) -> list[dict[str, Any]]:
    """Return the tensors that a request has: one a column of a mixed table, else one matrix."""
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
    tensors = _outputs(Answer(served.samples[method], method, served))
    return [{"name": one["name"], "datatype": one["datatype"], "shape": [-1, *one["shape"][1:]]} for one in tensors]


def describe(served: ServedModel) -> Body:
    """Return what a request holds."""
    schema = object_of({"inputs": {"type": "array", "items": {"type": "object"}}}, "inputs")
    return Body({JSON: schema}, example_if_works(served, {"inputs": _tensors(served)}))


def _tensors(served: ServedModel) -> list[dict[str, Any]]:
    """Return the example as the tensors that the metadata names."""
    row = shown_example(served)[0]
    tensors = inputs(served)
    if isinstance(row, dict):
        pairs = [(one, [row.get(one["name"])]) for one in tensors]
    elif isinstance(row, list):
        pairs = [(tensors[0], row)]
    else:
        pairs = [(tensors[0], [row])]
    if any(one["datatype"] == "BYTES" and not isinstance(value[0], str) for one, value in pairs):
        return []
    shapes = [[1, *[len(value)] * (len(one["shape"]) - 1)] for one, value in pairs]
    return [{**one, "shape": shape, "data": value} for (one, value), shape in zip(pairs, shapes, strict=True)]
