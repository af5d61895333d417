"""Starts the controller's command to answer the requests of the worker's script."""

import os
import subprocess
import sys
import time

from .. import files, layout
from . import processes, script_requests, worker_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Sequence

PATIENCE = 600.0


class AnswerProcess:
    """Starts the answering command for one request after another, without blocking.

    Parameters
    ----------
    run_dir : str
        The run's folder.
    command : list of str or None
        The controller's command, to which the run's folder and the request are appended.
    environ : dict
        The controller's own environment variables.
    """

    def __init__(self, run_dir: str, command: "Optional[Sequence[str]]", environ: "Dict[str, str]") -> None:
        self._run_dir = run_dir
        self._requests = script_requests.Requests(os.path.join(run_dir, layout.REQUESTS))
        self._command = command
        self._environ = environ
        self._process: "Optional[subprocess.Popen[bytes]]" = None
        self._name = ""
        self._deadline = 0.0

    @property
    def pid(self) -> "Optional[int]":
        """The current answering process, if any."""
        return self._process.pid if self._process is not None else None

    def tick(self, accept: bool) -> None:
        """Start the next answer if possible; end one that takes too long."""
        if self._process is not None:
            if time.monotonic() > self._deadline:
                processes.send_group(self._process.pid, 9)
            return
        while accept and self._process is None:
            name = self._requests.take()
            if name is None:
                return
            self._start(name)

    def _start(self, name: str) -> None:
        self._name = name
        if not self._command:
            self._write(script_requests.refusal("no controller is available to answer it"))
            return
        argv = [*self._command, self._run_dir, self._requests.file(name)]
        try:
            self._process = subprocess.Popen(
                argv, env=self._environ, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True
            )
        except OSError as error:
            self._write(script_requests.refusal("cannot start {}: {}".format(argv[0], error.strerror)))
            return
        self._deadline = time.monotonic() + PATIENCE

    def take_exit(self, status: int) -> None:
        """Note the end of the answering process, and write an error if it did not answer."""
        if self._process is not None:
            self._process.returncode = status
        self._process = None
        if not os.path.exists(self._requests.answer(self._name)):
            self._write(script_requests.unanswered(worker_result.how_it_ended(status)))

    def _write(self, answer: "Dict[str, Any]") -> None:
        try:
            files.write_json(self._requests.answer(self._name), answer, durable=False)
        except OSError as problem:  # the script removed the folder, so it is not waiting
            print("request {}: {}".format(self._name, problem), file=sys.stderr)
