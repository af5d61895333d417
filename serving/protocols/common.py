"""Reading a request's body, the same for every protocol."""

from __future__ import annotations

import json
from typing import Any

import orjson
from flask import Request

from serving.data.rows import Rows
from serving.errors import ServingError, bad_input

_JSON = ("application/json", "")
_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")


def read_body(request: Request) -> bytes:
    """Return the body as it was sent.

    Raises
    ------
    ServingError
        415 if it is compressed, or in another charset than UTF-8.
    """
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("identity", ""):
        raise ServingError(415, "encoded", f"Content-Encoding {encoding} is not taken: send the body as it is")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in _CHARSETS:  # would else be read as UTF-8, and be other texts
        raise ServingError(415, "charset", f"Charset {charset} is not taken: send UTF-8")
    return request.get_data(cache=False)


def read_json(request: Request, *, others: tuple[str, ...] = ()) -> Any:
    """Return the JSON of a request.

    Raises
    ------
    ServingError
        415 for another content type, 400 for what is no JSON. NaN and Infinity are no JSON.
    """
    return loads(read_typed(request, others))


def read_typed(request: Request, others: tuple[str, ...] = ()) -> bytes:
    """Return the body of a request that says it is JSON, or of one of the other content types.

    Raises
    ------
    ServingError
        415 for another content type.
    """
    kind = request.mimetype
    if kind not in _JSON and not kind.endswith("+json") and kind not in others:
        raise ServingError(415, "content_type", f"Content-Type {kind} is not taken: send application/json")
    return read_body(request)


def loads(content: bytes) -> Any:
    """Return what JSON says.

    Raises
    ------
    ServingError
        400 for what is no JSON.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        word = _no_number(content)
        said = f"it has no {word}, a missing value is written null" if word is not None else str(error)
        raise bad_input("no_json", f"The body is no JSON: {said}") from None


def _no_number(content: bytes) -> str | None:
    """Return NaN, Infinity or -Infinity if it is that alone which is not JSON: Python's json.dumps writes them."""
    if b"NaN" not in content and b"Infinity" not in content:
        return None
    found: list[str] = []
    try:
        json.loads(content, parse_constant=found.append)
    except (ValueError, RecursionError):
        return None
    return found[0] if found else None


def mapping(value: Any) -> dict[str, Any]:
    """Return a request's JSON if it is an object."""
    if not isinstance(value, dict):
        raise bad_input("no_object", "The body is no JSON object")
    return value


def text(value: Any, what: str) -> str | None:
    """Return a value that has to be a text or absent."""
    if value is not None and not isinstance(value, str):
        raise bad_input("wrong_type", f"{what} is no text")
    return value


def names(value: Any, what: str) -> list[str] | None:
    """Return names of columns as texts: a list of texts and whole numbers, or absent."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, str) or type(one) is int for one in value):
        raise bad_input("wrong_type", f"{what} is no list of names or numbers of columns")
    return [str(one) for one in value]


def by_column(value: dict[str, Any]) -> Rows:
    """Return rows of values that are given column by column.

    Raises
    ------
    ServingError
        400 if a column is no list, or not as long as the others.
    """
    lengths = {name: len(column) for name, column in value.items() if isinstance(column, list)}
    if len(lengths) != len(value):
        wrong = next(name for name in value if name not in lengths)
        raise bad_input("wrong_type", f"Column {wrong} is no list", column=wrong)
    if len(set(lengths.values())) > 1:
        raise bad_input("ragged", f"The columns have different lengths: {lengths}")
    flat = [[one[0] if isinstance(one, list) and len(one) == 1 else one for one in column] for column in value.values()]
    return Rows([list(row) for row in zip(*flat, strict=True)], list(value))


def number(version: str | None) -> int | None:
    """Return a version given as text."""
    if version is None:
        return None
    if not (version.isascii() and version.isdigit()) or len(version) > 9:
        raise ServingError(404, "no_such_version", f"{version!r} is no version")
    return int(version)
