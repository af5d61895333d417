"""What a protocol is that takes rows as JSON and answers in JSON.

Views, the shortcut, the description of the API and the tests read `JsonProtocol` and know no protocol by name. A new
one is a module beside this one and an entry in `registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import Answer, DataPlane
from serving.openapi.operations import Body

Parsed = tuple[Rows, str | None]


@dataclass(frozen=True)
class Question:
    """A GET that a protocol has beside its requests for answers.

    Parameters
    ----------
    name : str
        Of the route in logs and metrics, and of the operation in the description.
    summary : str
        What the description says.
    answer : callable
        From the data plane and the address's ``name`` and ``version``, None where it has none, to JSON.
    """

    name: str
    summary: str
    answer: Callable[[DataPlane, str | None, str | None], Any]


@dataclass(frozen=True)
class JsonProtocol:
    """A protocol.

    Parameters
    ----------
    route : str
        Its name in logs and metrics.
    addresses : tuple of str
        What requests are posted to, as Flask writes it; ``<name>`` is a model and ``<version>`` one of its versions.
        One without either is for the only model, or for the one that the query names: ``?model=NAME``.
    parse : callable
        From a request's JSON to its rows and the method that it asks for, None for the model's default.
    render : callable
        From an answer and the request's JSON to JSON.
    body : callable
        From a model to the description of what requests hold.
    parse_csv : callable or None
        The same as `parse` for a body of CSV, where the protocol takes that.
    questions : mapping
        GETs by their address. ``<plain:name>`` has no colon: ``<name>:predict`` is another address.
    """

    route: str
    addresses: tuple[str, ...]
    parse: Callable[[Any], Parsed]
    render: Callable[[Answer, Any], Any]
    body: Callable[[ServedModel], Body]
    parse_csv: Callable[[bytes], Parsed] | None = None
    questions: Mapping[str, Question] = field(default_factory=dict)

    def score(self, plane: DataPlane, body: Any, name: str | None, version: int | None = None) -> Scored:
        """Return a model's answer to a request, the answer as JSON, and the rows of the request.

        Raises
        ------
        ServingError
            If there is no answer; see its status.
        """
        return self.answered(plane, self.parse(body), body, name, version)

    def answered(self, plane: DataPlane, parsed: Parsed, body: Any, name: str | None, version: int | None) -> Scored:
        """Do what `score` does with a request that was parsed already."""
        rows, method = parsed
        answer = plane.answer(rows, name=name, version=version, method=method)
        return answer, self.render(answer, body), rows


Scored = tuple[Answer, Any, Rows]
