"""The errors that clients get: a status, a code for programs, a message for people, and their JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

# The meaning of each status of a refusal, for the OpenAPI description.
MEANING = {
    400: "not HTTP, not exactly one valid Host header, an incomplete body, or rows that the model cannot take",
    401: "no key",
    403: "only where keys are in use",
    404: "no such model or version",
    408: "the body did not arrive in time",
    413: "the request is too large",
    415: "another content type, encoding or charset",
    421: "the Host is not one of the endpoint's names",
    422: "no such method",
    424: "the model failed",
    429: "too many requests at once; try again later",
    431: "too many or too long headers",
    500: "the server failed",
    503: "not ready, or out of room; try again later",
    504: "no answer in time",
}
OF_ANY = (400, 408, 413, 415, 421, 429, 431, 500, 503, 504)  # any request may get these
_LONGEST = 60  # characters of a name or value in a message
_LISTED = 8  # names in a message
_DETAILED = 20  # names in the details of an error


class ServingError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        The HTTP status: one of `MEANING`, or 405 or 501 for a method that an address does not have.
    code : str
        A word that programs can compare, such as ``wrong_width``.
    message : str
        What is wrong, naming row and column where there is one. Rows are counted from 1.
    retry_after : int or None
        Seconds after which the client may try again.
    allow : collection of str
        The methods that the address supports, for a request with another method.
    details
        The same information as data, such as ``row=3, column="age"``. Rows are counted from 0.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: int | None = None,
        allow: Collection[str] = (),
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after, self.allow, self.details = retry_after, allow, details

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers that belong to this status."""
        headers = [("WWW-Authenticate", "Bearer")] if self.status == 401 else []
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return [*headers, ("Allow", ", ".join(self.allow))] if self.allow else headers


def bad_input(code: str, message: str, **details: Any) -> ServingError:
    """Return the error for rows that the model cannot take."""
    return ServingError(400, code, message, **details)


@dataclass(frozen=True)
class ErrorForm:
    """The form in which a protocol writes a refusal.

    Parameters
    ----------
    name : str
        The schema's name in the description of the API.
    schema : dict
        The JSON schema.
    write : callable
        Takes the message, the code with the details, and the request's id. Returns the JSON.
    """

    name: str
    schema: dict[str, Any]
    write: Callable[[str, dict[str, Any], str], dict[str, Any]]

    def body(self, error: ServingError, request_id: str) -> dict[str, Any]:
        """Return the JSON of a refusal."""
        given = {key: _detail(detail) for key, detail in error.details.items() if detail is not None}
        details = {"code": error.code, **given}
        return self.write(error.message, details, request_id)


def _schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_STRING = {"type": "string"}
AS_OBJECT = ErrorForm(
    "Error",
    _schema("error", "request_id", error=_schema("code", "message", code=_STRING, message=_STRING), request_id=_STRING),
    lambda message, details, request_id: {"error": {"message": message, **details}, "request_id": request_id},
)
AS_TEXT = ErrorForm(
    "ErrorText",
    _schema("error", "code", "request_id", error=_STRING, code=_STRING, request_id=_STRING),
    lambda message, details, request_id: {**details, "error": message, "request_id": request_id},
)


def _detail(value: Any) -> Any:
    if isinstance(value, list):
        return [_detail(item) for item in value[:_DETAILED]]
    return shortened(value) if isinstance(value, str) else value


def shortened(value: Any) -> str:
    """Return a value as text, cut if it is long."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def quoted(value: Any) -> str:
    """Return a name or value in quotes, cut if it is long."""
    return repr(shortened(value)) if isinstance(value, str) else shortened(repr(value))


def listed(names: Iterable[Any]) -> str:
    """Return the first of some names, each cut if it is long."""
    shown = [shortened(name) for name in names]
    return ", ".join(shown[:_LISTED]) + (", …" if len(shown) > _LISTED else "")


def count(number: int, what: str) -> str:
    """Return a number of things: ``1 value``, ``2 values``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
