"""The seam between an endpoint and what serves it: processes of this machine, or containers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runner.config.endpoint_settings import EndpointSettings
from runner.io.json_records import LARGEST_LINES, read_bytes
from runner.layout import EndpointLayout
from runner.ports import Environment
from runner.records import Deployment, EndpointRecord, ModelRecord

MakeEnvironment = Callable[[list[str], str], Environment]
"""Returns the environment of some packages and a Python."""


@dataclass(frozen=True)
class Status:
    """How an endpoint is served.

    `word` is serving, degraded or stopped; of a container also what the engine says of it. `states` is what each server
    process says of itself.
    """

    word: str
    states: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None


class Servers(Protocol):
    """What serves the endpoints of one kind."""

    def foresee(self, settings: EndpointSettings, python: str) -> None:
        """Refuse what a model of some Python could not be served in, with a UserError."""

    def check(self, deployments: Sequence[Deployment]) -> None:
        """Refuse what this kind cannot do, with a UserError."""

    def prepare(self, record: EndpointRecord, models: Sequence[ModelRecord]) -> EndpointRecord:
        """Return the record with what its models are served in."""

    def clean(self, name: str) -> None:
        """Remove what is left of an endpoint that is not served: its address may still be taken by it."""

    def start(self, record: EndpointRecord) -> None:
        """Serve what a record says and wait until it answers; a UserError says why it does not come to it."""

    def go_over(self, old: EndpointRecord, new: EndpointRecord) -> None:
        """Serve another record's models without losing a request.

        The endpoint's record is the new one afterwards; where that fails, with a UserError, the old models are served.
        """

    def stop(self, name: str) -> bool:
        """Stop serving, after the requests at work are answered; return whether it was served."""

    def alive(self, name: str) -> bool:
        """Tell whether the endpoint is being served."""

    def status(self, name: str) -> Status:
        """Return how it is."""

    def log(self, name: str) -> bytes:
        """Return what its servers have printed."""


def read_log(endpoint: EndpointLayout) -> bytes:
    """Return what is kept of what an endpoint's servers printed.

    Raises
    ------
    UserError
        If something else is in its place.
    """
    content = b""
    for path in (endpoint.earlier_log, endpoint.log):
        with contextlib.suppress(FileNotFoundError):
            content += read_bytes(path, LARGEST_LINES)
    return content


def state_problem(states: Sequence[dict[str, Any]]) -> str | None:
    """Return the first problem that server processes name."""
    return next((str(state["problem"]) for state in states if state["problem"]), None)
