"""The binary tensor data extension of the Open Inference Protocol: the tensors' bytes follow the JSON of a body.

A header gives the length of the JSON. ``parameters.binary_data_size`` of an input gives the number of its bytes. The
bytes are in the order of the inputs. Numbers are little endian. A text is its length in four bytes, followed by its
UTF-8. Outputs that were requested as bytes are sent in the same way.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from serving.dataplane.outputs import dumps
from serving.errors import bad_input, count, quoted
from serving.protocols.oip.tensors import an_object, numpy_type
from serving.protocols.protocol import BinaryContent

LENGTH = "Inference-Header-Content-Length"
KIND = "application/octet-stream"
_SIZE = struct.Struct("<I")
_FAULT = "binary_tensor"


def split(content: bytes, length: str | None) -> tuple[bytes, bytes]:
    """Return the JSON of a body and the bytes after it.

    Parameters
    ----------
    content : bytes
        The body.
    length : str or None
        The value of the header. Without it, the whole body is JSON.

    Raises
    ------
    ServingError
        400 if it is not a length within the body.
    """
    if length is None:
        return content, b""
    if not (length.isascii() and length.isdigit() and len(length) <= 12 and int(length) <= len(content)):
        message = f"{LENGTH} {quoted(length)} is not a length within the {len(content)} bytes of the body"
        raise bad_input(_FAULT, message)
    return content[: int(length)], content[int(length) :]


def fill(body: dict[str, Any], tail: bytes) -> dict[str, Any]:
    """Return a request in which the bytes after its JSON have become the data of its inputs.

    Raises
    ------
    ServingError
        400 if the bytes do not match the sizes and datatypes of the inputs.
    """
    inputs = body.get("inputs")
    filled, start = [], 0
    for tensor in inputs if isinstance(inputs, list) else []:
        size = _size(tensor)
        if size is not None and start + size > len(tail):
            shortage = f"only {len(tail) - start} of its {size} bytes are there. {LENGTH} says where they begin"
            raise bad_input(_FAULT, f"Input {quoted(tensor.get('name'))}: {shortage}")
        filled.append(tensor if size is None else {**tensor, "data": _data(tensor, tail[start : start + size])})
        start += size or 0
    if start != len(tail):
        raise bad_input(_FAULT, f"{count(len(tail) - start, 'byte')} at the end of the body are not part of any input")
    return {**body, "inputs": filled} if filled else body


def _size(value: Any) -> int | None:
    """Return the number of an input's bytes, or None if its data are in the JSON."""
    if not isinstance(value, dict):
        return None  # refused when tensors are read
    name = value.get("name")
    size = an_object(value.get("parameters"), f"Input {quoted(name)}: parameters", absent=True).get("binary_data_size")
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise bad_input(_FAULT, f"Input {quoted(name)}: binary_data_size {quoted(size)} is not a number of bytes")
    if value.get("data") is not None:
        raise bad_input(_FAULT, f"Input {quoted(name)} has both data and binary_data_size")
    return size


def _data(value: dict[str, Any], raw: bytes) -> Any:
    name, kind = str(value.get("name")), value.get("datatype")
    if kind == "BYTES":
        return _texts(name, raw)
    dtype = np.dtype(numpy_type(name, kind))
    if len(raw) % dtype.itemsize:
        raise bad_input(_FAULT, f"Input {quoted(name)}: {len(raw)} bytes are not a whole number of {kind}")
    if dtype == np.bool_:
        return np.frombuffer(raw, np.uint8) != 0
    return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype)  # a copy: a model may write into its rows


def _texts(name: str, raw: bytes) -> list[str]:
    texts, start = [], 0
    while start < len(raw):
        begin = start + _SIZE.size
        start = begin + _SIZE.unpack_from(raw, start)[0] if begin <= len(raw) else begin
        if start > len(raw):
            raise bad_input(_FAULT, f"Input {quoted(name)}: its last text is cut off")
        try:
            texts.append(raw[begin:start].decode("utf-8"))
        except UnicodeDecodeError:
            raise bad_input("wrong_type", f"Input {quoted(name)}: text {len(texts) + 1} is not valid UTF-8") from None
    return texts


def pack(form: dict[str, Any], outputs: list[dict[str, Any]]) -> BinaryContent:
    """Return an answer with some of its outputs as bytes after its JSON. The outputs lose their ``data``."""
    raws = []
    for output in outputs:
        raw = _raw(output.pop("data"))
        output["parameters"] = {"binary_data_size": len(raw)}
        raws.append(raw)
    head = dumps(form)
    return BinaryContent(b"".join([head, *raws]), KIND, {LENGTH: str(len(head))})


def _raw(data: Any) -> bytes:
    if isinstance(data, np.ndarray):
        return data.astype(data.dtype.newbyteorder("<"), copy=False).tobytes()
    texts = [text.encode("utf-8") for text in data]
    return b"".join(part for text in texts for part in (_SIZE.pack(len(text)), text))
