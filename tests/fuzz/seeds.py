"""What each parser takes, for the fuzzer to begin with: bytes made up from nothing hardly ever become a record."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from runner import records
from runner.io.field_types import check_file, check_id, check_inside, check_sha256, check_time
from runner.io.record import Record

_TEXTS = {
    check_file: "a.joblib", check_id: "a", check_inside: "outputs/a", check_sha256: "0" * 64,
    check_time: "2026-07-01T12:00:00.000000Z",
}  # fmt: skip
_VALUES: dict[Any, Any] = {str: "a", int: 1, float: 0.5, bool: True}
_ROWS = b'{"data": [[5.1, 3.5, 1.4, 0.2]], "method": "predict"}'
_TENSOR = b'{"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}]}'


def example(kind: type[Record]) -> dict[str, Any]:
    """Return a record of a kind as JSON, with a value in each of its fields."""
    values = {
        name: _value(hint)
        for name, hint in typing.get_type_hints(kind, localns=vars(typing), include_extras=True).items()
    }
    values.pop("unknown", None)
    return values | ({"settings": {"port": 5001}} if kind is records.EndpointRecord else {})


def _value(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _value(arguments[0])
    if origin is Annotated:
        return _TEXTS[arguments[1]]
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"a": _value(arguments[1])}
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return [_value(arguments[0])]
    if isinstance(hint, type) and issubclass(hint, Record):
        return example(hint)
    return _VALUES.get(hint, "a")


def seeds(parser: str) -> Iterator[bytes]:
    """Yield inputs that a parser takes."""
    if parser == "records":
        for kind in vars(records).values():
            if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record:
                yield json.dumps(example(kind)).encode()
    elif parser == "lines":
        metric = {"name": "a", "value": 0.5, "step": 1, "time": "2026-07-01T12:00:00.000000Z", "kind": "scalar"}
        alias = {"alias": "champion", "version": 1, "time": "2026-07-01T12:00:00.000000Z"}
        yield b"".join(json.dumps(line).encode() + b"\n" for line in (metric, {**metric, "value": "text"}, alias))
    elif parser == "yaml":
        yield b"# @package _global_\ndefaults:\n  - override /model: default\n  - _self_\n"
        yield b"job: &a {script: train.py, arguments: {x: [1, 2.5, null, true]}}\nb: *a\nc: ${job.script}\n"
    elif parser == "rows":
        yield from (b"0a,b\n1,x\n2,y\n", b'1{"a": 1}\n{"a": 2}\n', b"2PAR1")
    elif parser == "requests":
        yield from (bytes([where, 0, 0]) + content for where in range(12) for content in (_ROWS, _TENSOR))
        yield b"\x02\x01\x000,1,2,3\n5.1,3.5,1.4,0.2\n"
    elif parser == "orders":
        yield b'{"id": 1, "do": "look", "path": "/tmp", "bytes": 2}\n{}{"id": 2, "do": "alive", "bytes": 0}\n'
