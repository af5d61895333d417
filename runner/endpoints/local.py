"""Serves endpoints with processes on this machine."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.environment import mismatches, requirements
from runner.endpoints.process import start, stop, wait_until_serving
from runner.endpoints.servers import MakeEnvironment, Status, read_log, state_problem
from runner.endpoints.store import EndpointStore, rolled_back
from runner.errors import UserError
from runner.io.json_records import read_text
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import Deployment, EndpointRecord, ModelRecord


class LocalServers:
    """Starts servers in the environment of their models.

    Parameters
    ----------
    store : EndpointStore
        The endpoints.
    make : callable
        See `MakeEnvironment`.
    host : Host
        This machine.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, store: EndpointStore, make: MakeEnvironment, host: Host, say: Say) -> None:
        self.store, self.make, self.host, self.say = store, make, host, say

    def preflight(self, settings: EndpointSettings, python: str) -> None:
        """Do nothing: any model can be served."""

    def check(self, deployments: Sequence[Deployment]) -> None:
        """Do nothing: any deployments can be served."""

    def prepare(self, record: EndpointRecord, models: Sequence[ModelRecord]) -> EndpointRecord:
        """Return the record with the interpreter that serves its models.

        Raises
        ------
        UserError
            If no environment fits all models, or it cannot be built.
        """
        settings = EndpointSettings(**record.settings)
        return dataclasses.replace(record, python=find_python(models, settings, self.make, self.host, self.say))

    def clean(self, name: str) -> None:
        """Do nothing: no process outlives its server."""

    def start(self, record: EndpointRecord) -> None:
        """Start the server detached, wait until it answers, and report models that are not served."""
        start(self.store, record.name, self.say)
        problem = state_problem(self.store.states(record.name))
        if problem is not None:
            self.say(f"warning: {problem}")

    def switch(self, old: EndpointRecord, new: EndpointRecord) -> None:
        """Let the server load another record's models next to its own, and switch to them.

        Raises
        ------
        UserError
            If they cannot be served. The old models then stay in service.
        """
        self.store.write(new)
        problem = wait_until_serving(self.store, new)
        if problem is not None:
            self.store.write(rolled_back(new))
            hint = f"A running endpoint keeps its environment. To change it: vivero stop {old.name}, then deploy again"
            raise UserError(
                f"Endpoint {old.name} still serves the earlier version: {problem}",
                hint if "No module" in problem else "",
            )

    def stop(self, name: str) -> bool:
        """Stop the server. Return whether it was running."""
        return stop(self.store, name)

    def alive(self, name: str) -> bool:
        """Return whether the endpoint is running."""
        return self.store.alive(name)

    def status(self, name: str) -> Status:
        """Return the endpoint's state, as reported by its processes."""
        if not self.store.alive(name):
            try:
                problem = read_text(self.store.layout.endpoint(name).problem).strip()
            except FileNotFoundError:
                problem = None
            return Status("stopped", problem=problem)
        states = self.store.states(name)
        problem = state_problem(states)
        return Status("serving" if states and problem is None else "degraded", states, problem)

    def log(self, name: str) -> bytes:
        """Return the server's log."""
        return read_log(self.store.layout.endpoint(name))


def find_python(
    records: Sequence[ModelRecord], settings: EndpointSettings, make: MakeEnvironment, host: Host, say: Say
) -> str:
    """Return the interpreter to serve some models: the current one if it fits, else one built from the first's lock.

    Raises
    ------
    UserError
        If no environment fits all models, or it cannot be built.
    """
    named = [record for record in records if record.framework_version]
    records = [*named, *(model for model in records if model not in named)]  # without scikit-learn's version: fits any
    for other in named[1:]:
        if other.framework_version and not named[0].fits_framework(other.framework_version):
            _check_mismatch(named[0], other, settings)
    wrong = list(dict.fromkeys(mismatch for record in records for mismatch in mismatches(record, settings.accelerate)))
    if not wrong:
        return sys.executable
    if settings.allow_version_mismatch:
        say(f"Serving in the current Python, although it differs from the model's ({', '.join(wrong)})")
        return sys.executable
    say(f"The current Python differs from the model's ({', '.join(wrong[:3])}). Building the model's own environment")
    packages, python = requirements(records, settings.accelerate)
    return make(packages, python).prepare(host, say).argv(["python"])[0]


def _check_mismatch(first: ModelRecord, other: ModelRecord, settings: EndpointSettings) -> None:
    if not settings.allow_version_mismatch:
        raise UserError(
            f"{first.name}:{first.version} needs scikit-learn {first.framework_version} and "
            f"{other.name}:{other.version} needs {other.framework_version}. One server cannot have both",
            "Deploy them as two endpoints",
        )
