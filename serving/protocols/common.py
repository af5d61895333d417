"""Reads the body of a request, in the same way for every protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Request

from serving.data.rows import Rows
from serving.errors import ServingError, bad_input, count, quoted
from serving.protocols.protocol import Reader
from serving.protocols.schemas import JSON_TYPE

_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")


def read(request: Request, readers: Mapping[str, Reader]) -> Any:
    """Return the content of a request's body.

    Parameters
    ----------
    request : Request
        Flask's request.
    readers : mapping of str to callable
        Readers of bodies by content type. JSON without a reader is parsed as JSON.

    Raises
    ------
    ServingError
        415 for another content type, and for a body that is compressed or not in UTF-8. 400 for an invalid body.
    """
    kind = JSON_TYPE if _is_json(request.mimetype) else request.mimetype
    if kind != JSON_TYPE and kind not in readers:
        kinds = " or ".join(dict.fromkeys([JSON_TYPE, *readers]))
        raise ServingError(415, "content_type", f"Content-Type {quoted(kind)} is not supported. Send {kinds}")
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", ""):
        message = f"Content-Encoding {quoted(encoding)} is not supported. Send the body uncompressed"
        raise ServingError(415, "encoded", message)
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in _CHARSETS:  # otherwise texts would be misread as UTF-8
        raise ServingError(415, "charset", f"Charset {quoted(charset)} is not supported. Send UTF-8")
    content = request.get_data(cache=False)
    return readers[kind](content, request.headers.get) if kind in readers else loads(content)


def _is_json(kind: str) -> bool:
    return kind in (JSON_TYPE, "") or kind.endswith("+json")


def loads(content: bytes) -> Any:
    """Parse JSON.

    Raises
    ------
    ServingError
        400 for invalid JSON, which includes NaN and Infinity.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if not content.strip():
            raise bad_input("no_json", "The body is empty. Send JSON") from None
        word = _not_a_number(content)
        problem = f"{word} is not allowed. Write null for a missing value" if word is not None else str(error)
        raise bad_input("no_json", f"The body is not valid JSON: {problem}") from None


def _not_a_number(content: bytes) -> str | None:
    """Return NaN, Infinity or -Infinity, which Python's json.dumps writes, if nothing else makes it invalid JSON."""
    if b"NaN" not in content and b"Infinity" not in content:
        return None
    constants: list[str] = []
    try:
        json.loads(content, parse_constant=constants.append)
    except (ValueError, RecursionError):
        return None
    return constants[0] if constants else None


def mapping(value: Any, what: str = "The body") -> dict[str, Any]:
    """Return a request's JSON if it is an object.

    Raises
    ------
    ServingError
        400 if it is not.
    """
    if not isinstance(value, dict):
        raise bad_input("no_object", f"{what} is not a JSON object")
    return value


def text(value: Any, what: str) -> str | None:
    """Return a value that is a string or absent.

    Raises
    ------
    ServingError
        400 if it is something else.
    """
    if value is not None and not isinstance(value, str):
        raise bad_input("wrong_type", f"{what} is not a string")
    return value


def names(value: Any, what: str) -> list[str] | None:
    """Return names of columns as texts: a list of texts and whole numbers, or absent.

    Raises
    ------
    ServingError
        400 if the value is something else.
    """
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) or type(name) is int for name in value):
        raise bad_input("wrong_type", f"{what} is not a list of column names or numbers")
    return [str(name) for name in value]


def rows_of(value: Any) -> Rows:
    """Return rows that were sent as a list or by column. Raises like `by_column`."""
    return by_column(value) if isinstance(value, dict) else Rows(value)


def by_column(value: dict[str, Any]) -> Rows:
    """Return rows that were sent by column.

    Raises
    ------
    ServingError
        400 if a column is not a list, or not as long as the others.
    """
    lengths = {name: len(column) for name, column in value.items() if isinstance(column, list)}
    if len(lengths) != len(value):
        wrong = next(name for name in value if name not in lengths)
        raise bad_input("wrong_type", f"Column {quoted(wrong)} is not a list", column=wrong)
    check_lengths(lengths)
    flat = [
        [cell[0] if isinstance(cell, list) and len(cell) == 1 else cell for cell in column] for column in value.values()
    ]
    return Rows([list(row) for row in zip(*flat, strict=True)], list(value))


def check_lengths(lengths: Mapping[str, int]) -> None:
    """Refuse columns of different lengths.

    Raises
    ------
    ServingError
        400, naming two of them.
    """
    first = next(iter(lengths), "")
    other = next((name for name in lengths if lengths[name] != lengths[first]), None)
    if other is not None:
        values = [f"column {quoted(name)} has {count(lengths[name], 'value')}" for name in (first, other)]
        raise bad_input("ragged", f"The columns have different lengths: {', '.join(values)}")


def number(version: str | None) -> int | None:
    """Return a version given as text.

    Raises
    ------
    ServingError
        404 if it is not a number.
    """
    if version is None:
        return None
    if not (version.isascii() and version.isdigit()) or len(version) > 9:
        raise ServingError(404, "no_such_version", f"{quoted(version)} is not a version number")
    return int(version)
