"""A container image as an environment in which commands run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.environments.docker.containers import Container
from runner.errors import UserError
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord

_SUPERVISOR = Path(__file__).resolve().parent / "supervisor.py"


class DockerHandle:
    """An image and the options of its containers.

    Parameters
    ----------
    record : EnvironmentRecord
        Its `python` is a path in the image.
    lock_text : str
        The installed packages.
    container : Container
        The options of its containers.
    """

    attended = True

    def __init__(self, record: EnvironmentRecord, lock_text: str, container: Container) -> None:
        self.record, self._lock, self._container = record, lock_text, container

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return a command that runs `argv` in a container and ends with its exit code."""
        return [sys.executable, str(_SUPERVISOR), json.dumps(self._container.to_json()), *self.inside(argv)]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the command with the path of the image's Python."""
        program, *rest = argv
        return [self.record.python if program in ("python", "python3") else program, *rest]

    def variables(self) -> dict[str, str]:
        """Return an empty dict: the image sets its own variables."""
        return {}

    def lock_text(self) -> str:
        """Return the installed packages."""
        return self._lock

    def on(self, host: Host, say: Say) -> DockerHandle:  # noqa: ARG002 - required by the port
        """Raise a `UserError`: containers run in this machine's engine, which may be remote (``DOCKER_HOST``)."""
        raise UserError(f"A container environment cannot be copied to {host.name}", "Use environment=venv")
