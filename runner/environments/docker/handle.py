"""A container image as an environment that commands run in."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.environments.docker.containers import Container
from runner.errors import UserError
from runner.ports import Host, Say
from runner.records import EnvironmentRecord

_SUPERVISOR = Path(__file__).resolve().parent / "supervisor.py"


class DockerHandle:
    """An image and the options of its containers.

    Parameters
    ----------
    record : EnvironmentRecord
        Its `python` is a path inside.
    lock_text : str
        Its packages.
    container : Container
        The options of its containers.
    """

    attended = True

    def __init__(self, record: EnvironmentRecord, lock_text: str, container: Container) -> None:
        self.record, self._lock, self._container = record, lock_text, container

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return a command that runs another one in a container and ends with its exit code."""
        return [sys.executable, str(_SUPERVISOR), json.dumps(self._container.to_json()), *self.inside(argv)]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command with the image's own Python."""
        program, *rest = argv
        return [self.record.python if program in ("python", "python3") else program, *rest]

    def variables(self) -> dict[str, str]:
        """Return nothing: the image has its own."""
        return {}

    def lock_text(self) -> str:
        """Return what is installed."""
        return self._lock

    def on(self, host: Host, say: Say) -> DockerHandle:  # noqa: ARG002 - the port's shape
        """Refuse, because containers run in this machine's engine, which may be remote (``DOCKER_HOST``)."""
        raise UserError(f"A container environment cannot be copied to {host.name}", "Use environment=venv")
