"""Converts values to Hydra's override grammar, and back with the same type."""

from __future__ import annotations

import dataclasses
import functools
import re
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException

from runner.errors import UserError

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?")  # as Hydra's grammar reads them
_RESERVED = {"true", "false", "null", "nan", "inf"}


def to_word(value: Any) -> str:
    """Return the text for a value after ``key=``.

    Floats are written with repr. ``${...}`` in a string stays an interpolation, as in YAML.

    Raises
    ------
    UserError
        If Hydra's grammar cannot express it, such as a mapping key that is a string of digits.
    """
    word = _word(value)
    if value is None or isinstance(value, int | float):
        return word
    try:
        again = from_word(word)
    except HydraException:
        again = None
    if repr(again) != repr(value):  # compares reprs, because 1, 1.0 and true are equal, and nan is not equal to itself
        raise UserError(f"{value!r} cannot be written as an override", "Put it in a file that the script reads")
    return word


def from_word(word: str) -> Any:
    """Return the value that Hydra reads from a text."""
    return read_override(f"key={word}").value()


def read_override(text: str) -> Override:
    """Return an override as Hydra parses it. Overrides that differ only in a number are parsed once.

    Raises
    ------
    HydraException
        If it cannot be read.
    """
    key, _, word = text.partition("=")
    number = _NUMBER.fullmatch(word)
    if number is None:
        return _parse(text)
    value = float(word) if number["fraction"] else int(word)
    return dataclasses.replace(_parse_key(key), _value=value, input_line=text)


@functools.lru_cache(maxsize=256)
def _parse_key(key: str) -> Override:
    return _parse(f"{key}=0")


def _parse(text: str) -> Override:
    override: Override = _parser().parse_overrides([text])[0]
    return override


@functools.cache
def _parser() -> OverridesParser:
    return OverridesParser.create()


def _word(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ",".join(map(_word, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(key)}:{_word(item)}" for key, item in value.items()) + "}"
    if not isinstance(value, str):
        return repr(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return QuotedString(value, Quote.single).with_quotes()


def _key(key: Any) -> str:
    """Escape special characters in a key, because Hydra's grammar cannot quote keys."""
    return re.sub(r"([\\()\[\]{}:=, \t])", r"\\\1", key) if isinstance(key, str) else _word(key)
