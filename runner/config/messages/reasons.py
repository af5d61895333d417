"""Turns OmegaConf's error about a value into one line about the user's own key."""

from __future__ import annotations

import re

from runner.config.schema import fields_of

_IS_NOT = re.compile(r"Value (.*) (?:of type '.*' could not be converted to|is not a valid) (\w+)", re.DOTALL)
_TYPES = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false", "bool": "true or false"}
_NO_CLASS = re.compile(r"(?:.*?)(\w+) is not a subclass of (\w+)\. value:(.*)", re.DOTALL)
A_LIST = "must be a list, such as [a, b]"
_NULL = "null is not allowed here"
_REASONS = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"While dereferencing interpolation '(.*?)': .*", r"the value that \1 refers to is not allowed here"),
        (r"Interpolation key '(.*)' not found.*", r"${\1} refers to a key that does not exist"),
        (r"Interpolation to parent node.*", "it refers to a section that contains it"),
        (r"Cannot convert '\w+' to string: '(.*)'", r"must be text, not \1"),
        (r".* is not Optional", _NULL),
        (r"Incompatible value 'None'.*", _NULL),
        (r"Key (.*) \(\w+\) is incompatible with.*", r"names must be text. Quote \1"),
        (r".*is not a ListConfig.*", A_LIST),
        (r"Cannot assign .* to Dict\[.*", "must be a mapping, such as {name: value}"),
        (r"Cannot merge DictConfig.*", "must be a mapping, such as {name: value}, not a list"),
    )
]


def reason(text: str) -> str:
    """Return why a value is not allowed at a key.

    Parameters
    ----------
    text : str
        The first lines of OmegaConf's message.
    """
    for pattern, words in _REASONS:
        if match := pattern.fullmatch(text):
            return match.expand(words)
    if match := _IS_NOT.match(text):
        return f"must be {_TYPES.get(match[2], match[2])}, not {match[1]}"
    if match := _NO_CLASS.fullmatch(text):
        return _wrong_class(match[2], match[3])
    return text


def _wrong_class(wanted: str, value: str) -> str:
    given = value.strip() or "''"
    if wanted == "str":
        return f"must be text, not {given}"
    return f"must be a mapping of {', '.join(fields_of(wanted))}, not {given}"
