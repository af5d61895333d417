"""Records on their way to and from JSON.

Unknown fields of a file written by a later release of the same format are kept; a file of a later format is refused.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

from runner.errors import UserError
from runner.files import encode_json

FORMAT = 1

C = TypeVar("C")
T = TypeVar("T", bound="Record")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen_record(cls: type[C]) -> type[C]:
    """Make a subclass of `Record` a frozen dataclass.

    How records compare and print is written once, in `Record`: to generate it for each class is felt at every start.
    """
    return dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)


@frozen_record
class Record:
    """Base of all records; `unknown` holds the fields this release does not know."""

    unknown: Mapping[str, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mappings are among the fields

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name != "unknown")
        return f"{type(self).__name__}({shown})"

    def to_json(self) -> dict[str, Any]:
        """Return plain mappings, lists and scalars."""
        types_ = _types(type(self))  # type: ignore[arg-type]  # classes are hashable
        found = {name: _plain(getattr(self, name)) for name in types_}
        return {**found, **self.unknown}

    @classmethod
    def from_json(cls: type[T], value: Mapping[str, Any]) -> T:
        """Return the record that a mapping describes."""
        types_ = _types(cls)  # type: ignore[arg-type]  # classes are hashable
        known = {name: _typed(types_[name], item) for name, item in value.items() if name in types_}
        return cls(**known, unknown={name: item for name, item in value.items() if name not in types_})


class Encoder:
    """Encodes one record after the other; what is the same object as in the last one is not encoded again."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Any, str]] = {}

    def encode(self, record: Record) -> str:
        """Return what `encode_json` makes of a record.

        Raises
        ------
        ValueError
            If there is a number in it that JSON does not have.
        """
        for name in _types(type(record)):  # type: ignore[arg-type]  # as above
            value = getattr(record, name)
            if name not in self._last or self._last[name][0] is not value:
                self._last[name] = value, _indented(_plain(value))
        texts = {name: text for name, (_, text) in self._last.items()}
        texts |= {name: _indented(value) for name, value in record.unknown.items()}
        return "{\n " + ",\n ".join(f"{encode_json(name)}: {text}" for name, text in texts.items()) + "\n}"


def _indented(value: Any) -> str:
    return encode_json(value).replace("\n", "\n ")


def check_format(value: Any, where: str) -> Mapping[str, Any]:
    """Return a file's parsed content if this release can read it.

    Raises
    ------
    UserError
        If it is not a record, or one of a later format.
    """
    if not isinstance(value, dict) or not isinstance(value.get("format"), int):
        raise UserError(f"{where} is not a record of this tool")
    if value["format"] > FORMAT:
        raise UserError(
            f"{where} has format {value['format']}, this release reads up to {FORMAT}", "Upgrade vivero to read it"
        )
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@functools.cache
def _types(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls) if f.name != "unknown"}


def _typed(expected: Any, value: Any) -> Any:
    """Turn plain JSON into the declared record, tuple or mapping; anything else stays as it is."""
    if isinstance(expected, types.UnionType):
        return None if value is None else _typed(typing.get_args(expected)[0], value)
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if isinstance(expected, type) and issubclass(expected, Record):
        return expected.from_json(value)
    if origin is tuple:
        return tuple(_typed(arguments[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: _typed(arguments[1], item) for key, item in value.items()}
    return value
