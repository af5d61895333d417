"""The port between an endpoint and its servers: processes on this machine, or containers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from runner.config.endpoint_settings import EndpointSettings
from runner.io.json_records import LARGEST_LINES, read_bytes
from runner.layout import EndpointLayout
from runner.ports.environment import Environment
from runner.records import Deployment, EndpointRecord, ModelRecord

MakeEnvironment = Callable[[list[str], str], Environment]
"""Takes packages and a Python version. Returns the environment."""


@dataclass(frozen=True)
class Status:
    """The state of an endpoint.

    `word` is serving, starting, degraded, stopped or unknown, or a container's state as the engine reports it. `states`
    has the state file of each server process as plain data; see `ServerState`.
    """

    word: str
    states: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None


class Servers(Protocol):
    """Serves the endpoints of one kind."""

    def preflight(self, settings: EndpointSettings, python: str) -> None:
        """Raise UserError if a model of this Python version could not be served with these settings."""

    def check(self, deployments: Sequence[Deployment]) -> None:
        """Raise UserError for deployments that this kind cannot serve."""

    def prepare(self, record: EndpointRecord, models: Sequence[ModelRecord]) -> EndpointRecord:
        """Return the record with the environment of its models."""

    def clean(self, name: str) -> None:
        """Remove the remains of a stopped endpoint, which may still hold the address."""

    def start(self, record: EndpointRecord) -> None:
        """Serve a record's models and wait until they answer. Raise UserError with the reason if they do not."""

    def switch(self, old: EndpointRecord, new: EndpointRecord) -> None:
        """Switch to another record's models without losing a request.

        Afterwards the endpoint's record is the new one. If that fails, raise UserError and keep the old models.
        """

    def stop(self, name: str) -> bool:
        """Stop after answering requests in progress. Return whether it was running."""

    def alive(self, name: str) -> bool:
        """Return whether the endpoint is running."""

    def status(self, name: str) -> Status:
        """Return the endpoint's state."""

    def log(self, name: str) -> bytes:
        """Return the output of its servers."""


def read_log(endpoint: EndpointLayout) -> bytes:
    """Return the saved output of an endpoint's servers.

    Raises
    ------
    UserError
        If a log is not a file.
    """
    content = b""
    for path in (endpoint.earlier_log, endpoint.log):
        with contextlib.suppress(FileNotFoundError):
            content += read_bytes(path, LARGEST_LINES)
    return content


def state_problem(states: Sequence[dict[str, Any]]) -> str | None:
    """Return the first problem that server processes report."""
    return next((str(state["problem"]) for state in states if state["problem"]), None)
