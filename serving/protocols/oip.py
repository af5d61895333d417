"""The Open Inference Protocol, version 2: tensors in, tensors out, as JSON or as bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from runner import __version__
from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import AS_TEXT, ServingError, bad_input, quoted
from serving.protocols.common import check_lengths, loads, mapping, number, text
from serving.protocols.oip_binary import KIND, LENGTH, fill, pack, split
from serving.protocols.oip_tensors import MOST_AXES, TYPES, WORDS, an_object, content_type, tensor
from serving.protocols.protocol import Asked, Protocol, Question, Reply, Server, Wanted
from serving.protocols.schemas import (
    JSON_TYPE,
    STRING,
    Body,
    Schema,
    array_of,
    example_if_works,
    object_of,
    shown_example,
)

_FOREIGN = ("classification", "shared_memory_region")  # of extensions that are not supported
_EXTENSIONS = ["model_repository", "binary_tensor_data"]


@dataclass(frozen=True)
class Form:
    """How a request wants its answer.

    Parameters
    ----------
    binary : mapping of str to bool
        Which outputs are wanted as bytes, as far as the request says so.
    otherwise : bool
        Whether the other outputs are.
    request_id : str or None
        Given back as it came.
    """

    binary: Mapping[str, bool]
    otherwise: bool
    request_id: str | None


def read(content: bytes, header: Callable[[str], str | None]) -> dict[str, Any]:
    """Return a request whose tensors may be bytes behind its JSON."""
    head, tail = split(content, header(LENGTH))
    return fill(mapping(loads(head)), tail)


def parse(body: Any, served: ServedModel) -> Wanted:
    """Return what a request asks for: one matrix, or one tensor a column.

    The methods are the names of the requested outputs, or the one in ``parameters.method``.
    """
    body = mapping(body)
    parameters = an_object(body.get("parameters"), "parameters", absent=True)
    method = text(parameters.get("method"), "parameters.method")
    binary = _outputs_wanted(body.get("outputs"))
    form = Form(
        binary={name: wanted for name, wanted in binary.items() if wanted is not None},
        otherwise=_flag(parameters, "binary_data_output") or False,
        request_id=text(body.get("id"), "id"),
    )
    return Wanted(_rows(body, served), (method,) if method is not None else tuple(binary) or (None,), form)


def _outputs_wanted(value: Any) -> dict[str, bool | None]:
    """Return the names of the requested outputs, and whether each is wanted as bytes, or not said."""
    if value is not None and not isinstance(value, list):
        raise bad_input("wrong_type", "outputs is not a list")
    found: dict[str, bool | None] = {}
    for at, one in enumerate(value or []):
        name = text(an_object(one, f"outputs[{at}]").get("name"), f"outputs[{at}].name")
        if name is None:
            raise bad_input("no_output", f"outputs[{at}] has no name")
        parameters = an_object(one.get("parameters"), f"outputs[{at}].parameters", absent=True)
        for word in _FOREIGN:
            if word in parameters:
                raise bad_input("no_output", f"outputs[{at}]: {word} is not supported")
        found[name] = _flag(parameters, "binary_data")
    return found


def _flag(parameters: dict[str, Any], name: str) -> bool | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, bool):
        raise bad_input("wrong_type", f"{name} is not true or false")
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
    matrix = (content_type(inputs[0], "The input") or content) == "np"  # then its name is not a column's
    if array.ndim != 1 and (matrix or served.schema.width != 1 or array.shape[-1:] != (1,)):
        return Rows(_plain(array))
    if served.schema.kind == "texts":
        return Rows(_plain(array.reshape(-1)))
    if served.schema.names is None and not served.schema.is_open:  # here it is not a column's name either
        return Rows(_plain(array.reshape(-1, 1)))
    return _by_column(tensors)


def _by_column(tensors: list[tuple[str, np.ndarray]]) -> Rows:
    for name, array in tensors:
        if array.size != array.shape[0]:
            message = f"Input {quoted(name)} has the shape {list(array.shape)}. Several inputs are one column each"
            raise bad_input("wrong_shape", message)
    columns = [(name, array.reshape(-1)) for name, array in tensors]
    lengths = {name: len(array) for name, array in columns}
    check_lengths(lengths)
    if len(lengths) != len(columns):
        raise bad_input("double_column", "Two inputs have the same name")
    rows = zip(*(array.tolist() for _, array in columns), strict=True)
    return Rows([list(row) for row in rows], list(lengths))


def _plain(array: np.ndarray) -> Any:
    return array.tolist() if array.dtype == object else array


def render(answers: Sequence[Answer], wanted: Wanted) -> Reply:
    """Return the answers as tensors, one an output, as bytes behind the JSON where that is wanted.

    Numbers and texts are told apart by their datatype; MLServer's codecs need no ``content_type`` to read them.
    """
    asked: Form = wanted.form
    outputs, binary = [], []
    for answer in answers:
        found = _outputs(answer)
        outputs += found
        if asked.binary.get(answer.method, asked.otherwise):
            binary += found
    served = answers[0].served
    form = {"model_name": served.name, "model_version": str(served.version), "outputs": outputs}
    if asked.request_id is not None:
        form["id"] = asked.request_id
    if served.warning:
        form["parameters"] = {"warning": served.warning}
    return Reply(form, partial(pack, form, binary) if binary else None)


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


_NUMBER: Schema = {"type": "integer", "minimum": 0}
_ANY_OBJECT: Schema = {"type": ["object", "null"]}
_SHAPE = {**array_of(_NUMBER), "minItems": 1, "maxItems": MOST_AXES}
_DATATYPE: Schema = {"enum": [*TYPES, "BYTES"]}
_TENSOR = object_of(
    {
        "name": STRING,
        "shape": _SHAPE,
        "datatype": _DATATYPE,
        "parameters": {
            **object_of({"content_type": {}, "binary_data_size": {"type": ["integer", "null"], "minimum": 0}}),
            **_ANY_OBJECT,
        },
    },
    "name",
    "shape",
    "datatype",
)
_FLAG: Schema = {"type": ["boolean", "null"]}
_LENGTH_HEADER = {
    "name": LENGTH,
    "in": "header",
    "required": False,
    "description": "the length of the JSON where tensors follow as bytes",
    "schema": {"type": "integer"},
}


def describe(served: ServedModel) -> Body:
    """Describe requests."""
    data = {**_TENSOR, "properties": {**_TENSOR["properties"], "data": {"type": "array"}}}
    method: Schema = {"enum": [*served.schema.methods, None]}
    name = {**STRING, "description": f"a method: {', '.join(served.schema.methods)}"}
    output = object_of({"name": name, "parameters": _output_parameters()}, "name")
    properties = {
        "inputs": {**array_of(data), "minItems": 1},
        "outputs": {"type": ["array", "null"], "items": output, "description": "the methods that are asked"},
        "id": {"type": ["string", "null"]},
        "parameters": {**object_of({"method": method, "binary_data_output": _FLAG, "content_type": {}}), **_ANY_OBJECT},
    }
    schemas = {JSON_TYPE: object_of(properties, "inputs"), KIND: {"type": "string", "format": "binary"}}
    return Body(schemas, example_if_works(served, {"inputs": _tensors(served)}), parameters=(_LENGTH_HEADER,))


def _output_parameters() -> Schema:
    return {**object_of({"binary_data": _FLAG}), **_ANY_OBJECT}


def describe_answer(_served: ServedModel) -> Schema:
    """Describe answers."""
    output = object_of({**_TENSOR["properties"], "data": {"type": "array"}}, "name", "shape", "datatype")
    properties = {
        "model_name": STRING,
        "model_version": STRING,
        "outputs": array_of(output),
        "id": STRING,
        "parameters": object_of({"warning": STRING}),
    }
    return object_of(properties, "model_name", "model_version", "outputs")


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


def server(_server: Server, _asked: Asked) -> tuple[int, Any]:
    """Return what ``GET /v2`` says."""
    return 200, {"name": "vivero", "version": __version__, "extensions": _EXTENSIONS}


def ready(server: Server, _asked: Asked) -> tuple[int, Any]:
    """Return whether models are served."""
    return 200 if server.ready else 503, {"ready": server.ready}


def model(server: Server, asked: Asked) -> tuple[int, Any]:
    """Return the metadata of a model."""
    route = server.plane.route(asked.name)
    return 200, metadata(route.pick(number(asked.version)), sorted(route.versions))


def model_ready(server: Server, asked: Asked) -> tuple[int, Any]:
    """Return that a model is served.

    Raises
    ------
    ServingError
        404 if it is not.
    """
    server.plane.route(asked.name).pick(number(asked.version))
    return 200, {"ready": True}


def index(server: Server, asked: Asked) -> tuple[int, Any]:
    """Return the models and their states; with ``{"ready": true}`` only those that are served."""
    found = []
    names = server.repository.names() if server.repository is not None else []
    for name in sorted({*names, *server.plane.routes}):
        route = server.plane.routes.get(name)
        if route is None:
            found.append({"name": name, "state": "UNAVAILABLE", "reason": "unloaded"})
            continue
        for version in sorted(route.versions):
            found.append({"name": name, "version": str(version), "state": "READY", "reason": ""})
    if asked.body is not None and mapping(asked.body).get("ready") is True:  # Triton's client sends no body
        found = [one for one in found if one["state"] == "READY"]
    return 200, found


def change(action: str, server: Server, asked: Asked) -> tuple[int, Any]:
    """Load or unload a model.

    Raises
    ------
    ServingError
        403 where no keys are in use.
    """
    if server.repository is None or not server.has_keys:
        raise ServingError(403, "needs_keys", "Models can be loaded and unloaded only where keys are in use: auth=key")
    getattr(server.repository, action)(asked.name)
    return 200, {}


_READY = object_of({"ready": {"type": "boolean"}}, "ready")
_LIVE = object_of({"live": {"type": "boolean"}}, "live")
_SERVER = object_of({"name": STRING, "version": STRING, "extensions": array_of(STRING)}, "name", "version")
_METADATA = object_of(
    {
        "name": STRING,
        "versions": array_of(STRING),
        "platform": STRING,
        "inputs": {"type": "array"},
        "outputs": {"type": "array"},
        "parameters": {"type": "object"},
    },
    "name",
    "versions",
    "platform",
    "inputs",
    "outputs",
)
_INDEX = array_of(object_of(dict.fromkeys(("name", "version", "state", "reason"), STRING), "name", "state", "reason"))
_MODEL = Question("model", "What the model takes and gives", model, _METADATA, refusals=(404,))
_MODEL_READY = Question("model_ready", "Whether the model is served", model_ready, _READY, refusals=(404,))
_ONLY_READY = Body({JSON_TYPE: object_of({"ready": {}})}, required=False)
PROTOCOL = Protocol(
    route="infer",
    addresses=("/v2/models/<name>/infer", "/v2/models/<name>/versions/<version>/infer"),
    parse=parse,
    render=render,
    body=describe,
    answer=describe_answer,
    readers={JSON_TYPE: read, KIND: read},
    questions={
        "/v2": Question("server", "Name, version and extensions of the server", server, _SERVER),
        "/v2/health/live": Question("live", "Whether the server runs", lambda *_: (200, {"live": True}), _LIVE),
        "/v2/health/ready": Question("ready", "Whether models are served", ready, _READY, not_ready=_READY),
        "/v2/models/<name>": _MODEL,
        "/v2/models/<name>/versions/<version>": _MODEL,
        "/v2/models/<name>/ready": _MODEL_READY,
        "/v2/models/<name>/versions/<version>/ready": _MODEL_READY,
        "/v2/repository/index": Question(
            "index", "Which models there are", index, _INDEX, method="POST", body=_ONLY_READY
        ),
        **{
            f"/v2/repository/models/<name>/{action}": Question(
                action,
                f"{action.capitalize()} the model",
                partial(change, action),
                {"type": "object"},
                method="POST",
                refusals=(403, 404),
            )
            for action in ("load", "unload")
        },
    },
    root="/v2",
    errors=AS_TEXT,
)
