"""Requests for predictions and their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer
from serving.errors import bad_input, quoted
from serving.protocols.common import check_lengths, loads, mapping, text
from serving.protocols.oip.binary import LENGTH, fill, pack, split
from serving.protocols.oip.tensors import WORDS, an_object, content_type, tensor
from serving.protocols.protocol import ParsedRequest, Reply

_FOREIGN = ("classification", "shared_memory_region")  # parameters of unsupported extensions


@dataclass(frozen=True)
class Form:
    """The form in which a request wants its answer.

    Parameters
    ----------
    binary : mapping of str to bool
        Outputs for which the request says whether they are wanted as bytes.
    otherwise : bool
        Whether the other outputs are wanted as bytes.
    request_id : str or None
        The request's id, which is returned unchanged.
    """

    binary: Mapping[str, bool]
    otherwise: bool
    request_id: str | None


def read(content: bytes, header: Callable[[str], str | None]) -> dict[str, Any]:
    """Return a request whose tensors may be bytes after its JSON."""
    head, tail = split(content, header(LENGTH))
    return fill(mapping(loads(head)), tail)


def parse(body: Any, served: ServedModel) -> ParsedRequest:
    """Parse a request: one matrix, or one tensor for each column.

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
    return ParsedRequest(_rows(body, served), (method,) if method is not None else tuple(binary) or (None,), form)


def _outputs_wanted(value: Any) -> dict[str, bool | None]:
    """Return the names of the requested outputs, each with whether it is wanted as bytes, or None."""
    if value is not None and not isinstance(value, list):
        raise bad_input("wrong_type", "outputs is not a list")
    wanted: dict[str, bool | None] = {}
    for at, output in enumerate(value or []):
        name = text(an_object(output, f"outputs[{at}]").get("name"), f"outputs[{at}].name")
        if name is None:
            raise bad_input("no_output", f"outputs[{at}] has no name")
        parameters = an_object(output.get("parameters"), f"outputs[{at}].parameters", absent=True)
        for word in _FOREIGN:
            if word in parameters:
                raise bad_input("no_output", f"outputs[{at}]: {word} is not supported")
        wanted[name] = _flag(parameters, "binary_data")
    return wanted


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
    tensors = [tensor(entry, content) for entry in inputs]
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


def render(answers: Sequence[Answer], wanted: ParsedRequest) -> Reply:
    """Return the answers as tensors, one for each output, as bytes after the JSON if requested.

    The datatype distinguishes numbers from texts; MLServer's codecs need no ``content_type`` to read them.
    """
    requested: Form = wanted.form
    tensors, binary = [], []
    for answer in answers:
        rendered = outputs(answer)
        tensors += rendered
        if requested.binary.get(answer.method, requested.otherwise):
            binary += rendered
    served = answers[0].served
    form = {"model_name": served.name, "model_version": str(served.version), "outputs": tensors}
    if requested.request_id is not None:
        form["id"] = requested.request_id
    if served.warning:
        form["parameters"] = {"warning": served.warning}
    return Reply(form, partial(pack, form, binary) if binary else None)


def outputs(answer: Answer) -> list[dict[str, Any]]:
    """Return an answer as tensors. A method may have several outputs."""
    values = answer.values
    if isinstance(values, list) and values and isinstance(values[0], np.ndarray):
        return [_output(f"{answer.method}_{at}", value) for at, value in enumerate(values)]
    return [_output(answer.method, np.asarray(values))]


def _output(name: str, array: np.ndarray) -> dict[str, Any]:
    kind = WORDS.get(array.dtype, "BYTES")
    data = array.reshape(-1)
    return {
        "name": name,
        "shape": list(array.shape),
        "datatype": kind,
        "data": data if kind != "BYTES" else [str(value) for value in data.tolist()],
    }
