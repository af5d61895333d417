"""What a client is told: a status, a word to switch on, and a sentence."""

from __future__ import annotations

from typing import Any


class ServingError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status : int
        The HTTP status.
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
