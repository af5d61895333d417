"""Answers a script's requests on the controller's machine, for a script in a container or on a node."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from runner.io.files import write_json
from runner.layout import RunLayout
from runner.worker.run.script_requests import Requests, unanswered
from runner.worker.run.worker_result import signal_name


def answer_of(request: Path) -> Path:
    """Return the file of the answer to a request."""
    return Path(Requests(str(request.parent)).answer(request.stem))


def answer(run: RunLayout, command: Sequence[str], request: Path) -> Path:
    """Run a command to answer a request, unless it is already answered, and return the file of the answer.

    Parameters
    ----------
    run : RunLayout
        The run.
    command : sequence of str
        The command that answers, to which the run's folder and the request are appended.
    request : Path
        A file in the run's ``requests`` folder.
    """
    target = answer_of(request)
    if not target.exists():
        words = [*command, str(run.root), str(request)]
        code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False).returncode
        if not target.exists():
            write_json(target, unanswered(signal_name(-code) if code < 0 else f"exit code {code}"))
    return target


class RequestAnswerer:
    """Answers the requests in a run's folder, which the script's container shares.

    Parameters
    ----------
    run : RunLayout
        The run.
    command : sequence of str
        The command that answers.
    """

    def __init__(self, run: RunLayout, command: Sequence[str]) -> None:
        self._run, self._command = run, command
        self._requests = Requests(str(run.requests))

    def tick(self) -> None:
        """Answer new requests."""
        while (name := self._requests.take()) is not None:
            answer(self._run, self._command, Path(self._requests.file(name)))
