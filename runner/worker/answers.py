"""Lets the controller answer a script's requests: ``requests/<n>.json`` -> ``<n>.answer.json``."""

import os
import subprocess
import sys
import time

import files
import processes
import worker_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Set

PATIENCE = 600.0


class Answers:
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

    def __init__(self, run_dir: str, command: "Optional[List[str]]", environ: "Dict[str, str]") -> None:
        self._run_dir = run_dir
        self._folder = os.path.join(run_dir, "requests")
        self._command = command
        self._environ = environ
        self._seen: "Set[str]" = set()
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
        for name in self._new() if accept else ():
            self._seen.add(name)
            if self._start(name):
                return

    def _new(self) -> "List[str]":
        try:
            names = os.listdir(self._folder)
        except OSError:  # no requests yet, or the script removed the folder
            return []
        found = set(names)
        asked = [
            name[: -len(".json")]
            for name in names
            if name.endswith(".json") and not name.endswith(".answer.json") and not name.startswith(".")
        ]
        fresh = [name for name in asked if name not in self._seen and name + ".answer.json" not in found]
        return sorted(fresh, key=lambda name: (len(name), name))

    def _start(self, name: str) -> bool:
        self._name = name
        if not self._command:
            self._write_error("no controller is available to answer it")
            return False
        argv = [*self._command, self._run_dir, os.path.join(self._folder, name + ".json")]
        try:
            self._process = subprocess.Popen(
                argv, env=self._environ, stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=True
            )
        except OSError as error:
            self._write_error("cannot start {}: {}".format(argv[0], error.strerror))
            return False
        self._deadline = time.monotonic() + PATIENCE
        return True

    def reaped(self, status: int) -> None:
        """Note the end of the answering process, and write an error if it did not answer."""
        if self._process is not None:
            self._process.returncode = status
        self._process = None
        if not os.path.exists(self._answer()):
            self._write_error(
                "the process that answers requests ended without an answer ({})".format(
                    worker_result.how_it_ended(status)
                )
            )

    def _answer(self) -> str:
        return os.path.join(self._folder, self._name + ".answer.json")

    def _write_error(self, error: str) -> None:
        try:
            files.write_json(self._answer(), {"ok": False, "error": error}, durable=False)
        except OSError as problem:  # the script removed the folder, so it is not waiting
            print("request {}: {}".format(self._name, problem), file=sys.stderr)
