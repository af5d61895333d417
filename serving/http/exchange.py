"""The state of one request, from its arrival to its log line."""

from __future__ import annotations

import random
import re
import threading
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from serving.dataplane.outputs import dumps
from serving.errors import ServingError
from serving.protocols.registry import error_form

if TYPE_CHECKING:
    from serving.dataplane.plane import Answer
    from serving.protocols.protocol import ParsedRequest

_KEY = "vivero.exchange"  # our only key in a WSGI environ
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
Response = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers and content."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An answer that was computed before the request's turn."""

    body: Any
    wanted: ParsedRequest
    answer: Answer


class Exchange:
    """One request. The code that handles it fills in the attributes.

    Parameters
    ----------
    environ : dict
        The request's WSGI environ, which holds the exchange from now on; see `exchange_of`.
    request_id : str or None
        The request's id, if it is already known.

    Attributes
    ----------
    request_id : str
        The client's id, or a generated one.
    begun : float or None
        The value of ``time.perf_counter`` when the wait for an answer began.
    let_in : bool
        Whether the key and the Host were accepted.
    prepared : Prepared or None
        The answer, if it was computed together with others.
    route : str
        The requested route, for logs and metrics.
    answer, rows, error
        The model's answer, the number of rows, and the code of a refusal.
    """

    __slots__ = ("_path", "_untold", "answer", "begun", "error", "let_in", "prepared", "request_id", "route", "rows")

    def __init__(self, environ: dict[str, Any], request_id: str | None = None) -> None:
        self._path: str = environ["PATH_INFO"]  # not the environ, which would create a reference cycle
        self.request_id = request_id or _request_id(environ)
        self.begun: float | None = None
        self.let_in = False
        self.prepared: Prepared | None = None
        self.route = "none"
        self.answer: Answer | None = None
        self.rows: int | None = None
        self.error: str | None = None
        self._untold = threading.Lock()
        environ[_KEY] = self

    def tell(self) -> bool:
        """Claim the request for counting and logging. Two threads may try; return whether this one was first."""
        return self._untold.acquire(blocking=False)

    def refusal(self, error: ServingError) -> Response:
        """Return status, headers and content of a refusal in the protocol's format. A traceback goes to the log."""
        if error.__cause__ is not None:
            where = "".join(traceback.format_exception(error.__cause__))
            print(f"request {self.request_id}: {error.message}\n{where}", flush=True)
        self.error = error.code
        content = dumps(error_form(self._path).body(error, self.request_id))
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content))), *error.headers]
        return error.status, headers, content


def exchange_of(environ: dict[str, Any]) -> Exchange:
    """Return a request's exchange, creating it if necessary."""
    exchange: Exchange | None = environ.get(_KEY)
    return exchange if exchange is not None else Exchange(environ)


def is_request_id(text: str) -> bool:
    """Return whether a client's id is valid."""
    return _REQUEST_ID.fullmatch(text) is not None


def _request_id(environ: dict[str, Any]) -> str:
    given = environ.get("HTTP_X_REQUEST_ID") or environ.get("HTTP_X_MS_REQUEST_ID") or ""
    return given if is_request_id(given) else f"{random.getrandbits(128):032x}"
