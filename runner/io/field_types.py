"""The types of fields: what a value read from JSON must be, and the errors that say what it is instead."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

from runner.io.clock import read_time
from runner.io.names import is_file_name, is_name

_LARGEST = 1 << 63  # counts, durations and sizes are smaller
_YEARS = (1000, 9000)  # later and earlier years overflow in some time zones
_HEXADECIMAL = frozenset("0123456789abcdef")
_LONGEST = 40  # characters of a wrong value that are shown

C = TypeVar("C")


class BadValueError(ValueError):
    """A value of the wrong type. The message starts with its place, the path of its field."""

    def __init__(self, problem: str, place: str = "") -> None:
        super().__init__(f"{place}: {problem}" if place else problem)
        self.problem, self.place = problem, place

    def below(self, name: str) -> BadValueError:
        """Return the same error with the enclosing field's name in front."""
        return BadValueError(self.problem, f"{name}.{self.place}" if self.place else name)


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
        raise BadValueError(f"{shown(text)} is not a time")


def check_id(text: str) -> None:
    """Refuse a text that cannot be a folder's name.

    Raises
    ------
    BadValueError
        If it cannot.
    """
    if not is_name(text):
        raise BadValueError(f"{shown(text)} is not a name")


def check_file(text: str) -> None:
    """Refuse a text that cannot be the name of a file in a folder.

    Raises
    ------
    BadValueError
        If it cannot.
    """
    if not is_file_name(text):
        raise BadValueError(f"{shown(text)} is not a file name")


def check_inside(text: str) -> None:
    """Refuse a path that leads out of the folder it is relative to.

    Raises
    ------
    BadValueError
        If it does.
    """
    if not text or text.startswith("/") or "\0" in text or ".." in text.split("/"):
        raise BadValueError(f"{shown(text)} is not a path in the folder")


def check_sha256(text: str) -> None:
    """Refuse a text that is not a SHA-256 in hexadecimal digits.

    Raises
    ------
    BadValueError
        If it is not.
    """
    if len(text) != 64 or not set(text) <= _HEXADECIMAL:
        raise BadValueError(f"{shown(text)} is not a SHA-256")


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
    values = {}
    for name, item in value.items():
        if name not in types_:
            raise BadValueError("this release does not know it").below(name)
        try:
            values[name] = check_of(types_[name])(item)
        except BadValueError as error:
            raise error.below(name) from None
    return kind(**values)


def check_of(expected: Any) -> Callable[[Any], Any]:
    """Return a function that converts plain JSON to the declared type and refuses anything else."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (types.UnionType, typing.Union):
        inner = check_of(arguments[0])
        return lambda value: None if value is None else inner(value)
    if origin is Annotated:
        return _refined(check_of(arguments[0]), arguments[1])
    if origin is tuple:
        return _items_of(check_of(arguments[0]), tuple)
    if origin in (list, Sequence):
        return _items_of(check_of(arguments[0]), list)
    if origin is not None and issubclass(origin, Mapping):
        return _values_of(check_of(arguments[1]))
    # A record is recognized by its method, because records are built on this module.
    from_json: Callable[[Any], Any] | None = getattr(expected, "from_json", None)
    return from_json or _SCALARS.get(expected, _anything)


def _anything(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise BadValueError(f"{shown(value)} is not text")
    return value


def _boolean(value: Any) -> Any:
    if not isinstance(value, bool):
        raise BadValueError(f"{shown(value)} is not true or false")
    return value


def _integer(value: Any) -> Any:
    if type(value) is not int or not -_LARGEST < value < _LARGEST:
        raise BadValueError(f"{shown(value)} is not a whole number")
    return value


def _number(value: Any) -> Any:
    if type(value) not in (int, float) or not -_LARGEST < value < _LARGEST:  # nor NaN, which is unordered
        raise BadValueError(f"{shown(value)} is not a number")
    return value


_SCALARS = {str: _text, bool: _boolean, int: _integer, float: _number}


def _refined(check: Callable[[Any], Any], refuse: Callable[[Any], None]) -> Callable[[Any], Any]:
    def refined(value: Any) -> Any:
        checked = check(value)
        refuse(checked)
        return checked

    return refined


def _items_of(check: Callable[[Any], Any], kind: type) -> Callable[[Any], Any]:
    def items(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise BadValueError(f"{shown(value)} is not a list")
        if check is _anything:
            return kind(value)
        checked = []
        try:
            for item in value:
                checked.append(check(item))
        except BadValueError as error:
            raise error.below(str(len(checked))) from None
        return kind(checked)

    return items


def _values_of(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def values(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise BadValueError(f"{shown(value)} is not a mapping")
        if check is _anything:
            return dict(value)
        checked = {}
        for key, item in value.items():
            try:
                checked[key] = check(item)
            except BadValueError as error:
                raise error.below(str(key)) from None
        return checked

    return values


def shown(value: Any) -> str:
    """Return any value in a few characters."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = "null" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
