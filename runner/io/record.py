"""Records: typed, frozen, read from JSON with checks, written to JSON.

Unknown fields written by a later release of the same format are kept. A later format is refused.
A field whose value does not have the declared type is refused by name.
"""

from __future__ import annotations

import dataclasses
import functools
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, dataclass_transform

from runner.errors import UserError
from runner.io.field_types import BadValueError, check_of, shown
from runner.io.files import encode_json

FORMAT = 1

C = TypeVar("C")
T = TypeVar("T", bound="Record")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen_record(cls: type[C]) -> type[C]:
    """Make a subclass of `Record` a frozen dataclass. It also has the fields that its other bases declare.

    Comparison and repr are written once, in `Record`, because generating them for each class slows down every start.
    """
    for base in cls.__bases__:
        if base is not object and not dataclasses.is_dataclass(base):
            cls.__annotations__ = {**base.__annotations__, **cls.__annotations__}
    return dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)


@frozen_record
class Record:
    """Base of all records. `unknown` holds the fields that this release does not know."""

    unknown: Mapping[str, Any] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mappings are among the fields

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name != "unknown")
        return f"{type(self).__name__}({fields})"

    def to_json(self) -> dict[str, Any]:
        """Return plain mappings, lists and scalars."""
        types_ = _types(type(self))  # type: ignore[arg-type]  # classes are hashable
        values = {name: _plain(getattr(self, name)) for name in types_}
        return {**values, **self.unknown}

    @classmethod
    def from_json(cls: type[T], value: Any) -> T:
        """Return the record that plain data describes.

        Raises
        ------
        BadValueError
            If it is not a mapping, lacks a field, or a field has the wrong type.
        """
        if not isinstance(value, Mapping):
            raise BadValueError("it is not a mapping")
        checks = _checks(cls)  # type: ignore[arg-type]  # classes are hashable
        known: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for name, item in value.items():
            check = checks.get(name)
            if check is None:
                unknown[name] = item
                continue
            try:
                known[name] = check(item)
            except BadValueError as error:
                raise error.below(name) from None
        try:
            return cls(**known, unknown=unknown)
        except TypeError:
            absent = [
                field_.name for field_ in dataclasses.fields(cls) if field_.name not in known and _is_required(field_)
            ]
            raise BadValueError(f"it has no {' and no '.join(absent)}") from None

    @classmethod
    def has_format(cls) -> bool:
        """Return whether its files have a format version."""
        return "format" in _types(cls)  # type: ignore[arg-type]  # as above


class Encoder:
    """Encodes a series of records. Objects that are identical to those of the previous record are not encoded again."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Any, str]] = {}

    def encode(self, record: Record) -> str:
        """Return what `encode_json` makes of a record.

        Raises
        ------
        ValueError
            If it contains a number that JSON lacks.
        """
        for name in _types(type(record)):  # type: ignore[arg-type]  # as above
            value = getattr(record, name)
            if name not in self._last or self._last[name][0] is not value:
                self._last[name] = value, _indented(_plain(value))
        texts = {name: text for name, (_, text) in self._last.items()}
        fields = [f'"{name}": {text}' for name, text in texts.items()]
        fields += [f"{encode_json(name)}: {_indented(value)}" for name, value in record.unknown.items()]
        return "{\n " + ",\n ".join(fields) + "\n}"


def _indented(value: Any) -> str:
    return encode_json(value).replace("\n", "\n ")


def check_format(value: Any, where: str) -> Mapping[str, Any]:
    """Return a file's parsed content after checking its format version.

    Raises
    ------
    UserError
        If it is not a record, or one of a later format.
    """
    if not isinstance(value, dict) or type(value.get("format")) is not int:
        raise UserError(f"{where} is not a record of vivero")
    if value["format"] > FORMAT:
        raise UserError(
            f"{where} has format {shown(value['format'])}, but this release reads only up to {FORMAT}",
            "Upgrade vivero to read it",
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
    hints = typing.get_type_hints(cls, localns=vars(typing), include_extras=True)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls) if f.name != "unknown"}


@functools.cache
def _checks(cls: Any) -> dict[str, Callable[[Any], Any]]:
    return {name: check_of(expected) for name, expected in _types(cls).items()}


def _is_required(field_: dataclasses.Field[Any]) -> bool:
    return field_.default is dataclasses.MISSING and field_.default_factory is dataclasses.MISSING
