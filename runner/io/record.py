"""Records: typed, frozen, read from JSON with checks, written to JSON.

Unknown fields written by a later release of the same format are kept. A later format is refused.
A field whose value does not have the declared type is refused by name.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, dataclass_transform

from runner.errors import UserError
from runner.io.clock import read_time
from runner.io.files import encode_json
from runner.io.names import is_file_name, is_name

FORMAT = 1
_LARGEST = 1 << 63  # counts, durations and sizes are smaller
_YEARS = (1000, 9000)  # years outside of this do not exist in every time zone
_HEXADECIMAL = frozenset("0123456789abcdef")
_LONGEST = 40  # characters of a wrong value that are shown

C = TypeVar("C")
T = TypeVar("T", bound="Record")


class BadValueError(ValueError):
    """A value of the wrong type. The text starts with its place."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem, self.place = problem, place

    def below(self, name: str) -> BadValueError:
        """Return the same error with the enclosing field's name in front."""
        return BadValueError(self.problem, f"{name}.{self.place}" if self.place else name)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen_record(cls: type[C]) -> type[C]:
    """Make a subclass of `Record` a frozen dataclass; it has the fields that another base of it declares, too.

    Comparison and repr are written once, in `Record`, because generating them for each class slows down every start.
    """
    for base in cls.__bases__:
        if base is not object and not dataclasses.is_dataclass(base):
            cls.__annotations__ = {**base.__annotations__, **cls.__annotations__}
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
            absent = [one.name for one in dataclasses.fields(cls) if one.name not in known and _is_required(one)]
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
            f"{where} has format {_shown(value['format'])}, but this release reads only up to {FORMAT}",
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
    return {name: _check_of(expected) for name, expected in _types(cls).items()}


def _is_required(one: dataclasses.Field[Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def check_time(text: str) -> None:
    """Refuse a text that is not a time.

    Raises
    ------
    BadValueError
        If it is not a date and time with a zone, in a plausible year.
    """
    try:
        moment = read_time(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not _YEARS[0] <= moment.year <= _YEARS[1]:
        raise BadValueError(f"{_shown(text)} is not a time")


def check_id(text: str) -> None:
    """Refuse a text that cannot be a folder's name.

    Raises
    ------
    BadValueError
        If it cannot.
    """
    if not is_name(text):
        raise BadValueError(f"{_shown(text)} is not a name")


def check_file(text: str) -> None:
    """Refuse a text that cannot be the name of a file in a folder.

    Raises
    ------
    BadValueError
        If it cannot.
    """
    if not is_file_name(text):
        raise BadValueError(f"{_shown(text)} is not a file name")


def check_inside(text: str) -> None:
    """Refuse a path that leads out of the folder it is relative to.

    Raises
    ------
    BadValueError
        If it does.
    """
    if not text or text.startswith("/") or "\0" in text or ".." in text.split("/"):
        raise BadValueError(f"{_shown(text)} is not a path in the folder")


def check_sha256(text: str) -> None:
    """Refuse a text that is not a SHA-256 in hexadecimal digits.

    Raises
    ------
    BadValueError
        If it is not.
    """
    if len(text) != 64 or not set(text) <= _HEXADECIMAL:
        raise BadValueError(f"{_shown(text)} is not a SHA-256")


Inside = Annotated[str, check_inside]
Time = Annotated[str, check_time]
Name = Annotated[str, check_id]
FileName = Annotated[str, check_file]
Sha256 = Annotated[str, check_sha256]


def checked_fields(kind: type[C], value: Mapping[str, Any]) -> C:
    """Return a settings dataclass made from plain data, with types checked.

    Raises
    ------
    BadValueError
        If a field is unknown or has the wrong type.
    """
    types_ = typing.get_type_hints(kind)
    found = {}
    for name, item in value.items():
        if name not in types_:
            raise BadValueError("this release does not know it").below(name)
        try:
            found[name] = _check_of(types_[name])(item)
        except BadValueError as error:
            raise error.below(name) from None
    return kind(**found)


def _check_of(expected: Any) -> Callable[[Any], Any]:
    """Return a function that converts plain JSON to the declared type and refuses anything else."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (types.UnionType, typing.Union):
        inner = _check_of(arguments[0])
        return lambda value: None if value is None else inner(value)
    if origin is Annotated:
        return _narrowed(_check_of(arguments[0]), arguments[1])
    if origin is tuple:
        return _items_of(_check_of(arguments[0]), tuple)
    if origin in (list, Sequence):
        return _items_of(_check_of(arguments[0]), list)
    if origin is not None and issubclass(origin, Mapping):
        return _values_of(_check_of(arguments[1]))
    if isinstance(expected, type) and issubclass(expected, Record):
        return expected.from_json
    return _SCALARS.get(expected, _any)


def _any(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise BadValueError(f"{_shown(value)} is not text")
    return value


def _truth(value: Any) -> Any:
    if not isinstance(value, bool):
        raise BadValueError(f"{_shown(value)} is not true or false")
    return value


def _whole(value: Any) -> Any:
    if type(value) is not int or not -_LARGEST < value < _LARGEST:
        raise BadValueError(f"{_shown(value)} is not a whole number")
    return value


def _number(value: Any) -> Any:
    if type(value) not in (int, float) or not -_LARGEST < value < _LARGEST:  # nor NaN, which is unordered
        raise BadValueError(f"{_shown(value)} is not a number")
    return value


_SCALARS = {str: _text, bool: _truth, int: _whole, float: _number}


def _narrowed(check: Callable[[Any], Any], also: Callable[[Any], None]) -> Callable[[Any], Any]:
    def both(value: Any) -> Any:
        found = check(value)
        also(found)
        return found

    return both


def _items_of(check: Callable[[Any], Any], kind: type) -> Callable[[Any], Any]:
    def items(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise BadValueError(f"{_shown(value)} is not a list")
        if check is _any:
            return kind(value)
        found = []
        try:
            for item in value:
                found.append(check(item))
        except BadValueError as error:
            raise error.below(str(len(found))) from None
        return kind(found)

    return items


def _values_of(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def values(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise BadValueError(f"{_shown(value)} is not a mapping")
        if check is _any:
            return dict(value)
        found = {}
        for key, item in value.items():
            try:
                found[key] = check(item)
            except BadValueError as error:
                raise error.below(str(key)) from None
        return found

    return values


def _shown(value: Any) -> str:
    """Return any value in a few characters."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = "null" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
