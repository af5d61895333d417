"""Errors that clients get: a status, a code to switch on, and a sentence."""

from __future__ import annotations

from typing import Any

# What each status of a refusal says; the description of an endpoint has it from here.
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
OF_ANY = (400, 408, 413, 415, 421, 429, 431, 500, 503, 504)  # what any request may be told, whatever it asks for


def is_text(path: str) -> bool:
    """Tell whether the error of a request is a text, by its address: so in both versions of the inference protocol."""
    return path.startswith(("/v1/", "/v2/")) or path in ("/v1", "/v2")


class ServingError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        The HTTP status: one of `MEANING`, or of a request that fits no route.
    code : str
        A word that programs can compare, such as ``wrong_width``.
    message : str
        What is wrong, naming row and column where there is one.
    details
        The same as data, such as ``row=3, column="age"``.
    """

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None, **details: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.retry_after, self.details = retry_after, details

    def body(self, request_id: str, *, as_text: bool) -> dict[str, Any]:
        """Return the JSON answer; with `as_text` as the Open Inference Protocol has it, whose error is a text."""
        details = {"code": self.code, **{key: value for key, value in self.details.items() if value is not None}}
        if as_text:
            return {**details, "error": self.message, "request_id": request_id}
        return {"error": {"message": self.message, **details}, "request_id": request_id}


def bad_input(code: str, message: str, **details: Any) -> ServingError:
    """Return the error for rows that the model cannot take."""
    return ServingError(400, code, message, **details)
