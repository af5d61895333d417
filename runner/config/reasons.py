"""Turns OmegaConf's error about a value into one line about the user's own key."""

from __future__ import annotations

import re

from runner.config.schema import fields_of

_IS_NOT = re.compile(r"Value (.*) (?:of type '.*' could not be converted to|is not a valid) (\w+)", re.DOTALL)
_TYPES = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false", "bool": "true or false"}
_NO_CLASS = re.compile(r"(?:.*?)(\w+) is not a subclass of (\w+)\. value:(.*)", re.DOTALL)
_NULL = "nothing stands there, and it cannot be null"
_REASONS = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"While dereferencing interpolation '(.*?)': .*", r"what \1 refers to cannot stand there"),
        (r"Interpolation key '(.*)' not found.*", r"${\1} refers to no key"),
        (r"Interpolation to parent node.*", "it refers to what it is part of"),
        (r"Cannot convert '\w+' to string: '(.*)'", r"\1 is not a text"),
        (r".* is not Optional", _NULL),
        (r"Incompatible value 'None'.*", _NULL),
        (r"Key (.*) \(\w+\) is incompatible with.*", r"a name is a text: quote \1"),
        (r".*is not a ListConfig.*", "a list is needed, such as [a, b]"),
        (r"Cannot assign .* to Dict\[.*", "a mapping is needed, such as {name: ...}"),
        (r"Cannot merge DictConfig.*", "a list and a mapping cannot stand for each other"),
    )
]


def reason(key: str, text: str) -> str:
    """Return why a value cannot be at a key.

    Parameters
    ----------
    key : str
        With all that is above it, empty if that is not known.
    text : str
        OmegaConf's message without its further lines.
    """
    for pattern, words in _REASONS:
        if found := pattern.fullmatch(text):
            return found.expand(words)
    if found := _IS_NOT.match(text):
        return f"{found[1]} is not {_TYPES.get(found[2], found[2])}"
    if found := _NO_CLASS.fullmatch(text):
        return _of_no_class(key, *found.groups())
    return text


def _of_no_class(key: str, kind: str, wanted: str, value: str) -> str:
    given = value.strip() or "''"
    if wanted == "str":
        return f"{given} is not a text"
    if kind != "dict":
        return f"{given} stands where a mapping is needed, with {', '.join(fields_of(wanted))}"
    above, _, name = key.removesuffix(".path").rpartition(".")
    return f"write it in its mapping, which keeps what else it has: '{above}={{{name}: {{...}}}}'"
