"""Answers the requests of a script in a container, on the controller's side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from runner.io.files import write_json
from runner.layout import RunLayout


class Answering:
    """The requests of one run; see the worker's ``answers``.

    Parameters
    ----------
    run : RunLayout
        The run.
    command : sequence of str
        The command that answers, to which the run's folder and the request are appended.
    """

    def __init__(self, run: RunLayout, command: Sequence[str]) -> None:
        self._run, self._command = run, list(command)
        self._seen: set[str] = set()

    def tick(self) -> None:
        """Answer new requests."""
        if self._run.requests.is_symlink():  # the script created it: do not write to its target
            return
        try:
            names = sorted(path.name for path in self._run.requests.glob("*.json") if not path.name.startswith("."))
        except OSError:  # the script removed the folder
            return
        for name in names:
            target = self._run.requests / f"{name.removesuffix('.json')}.answer.json"
            if name.endswith(".answer.json") or name in self._seen or target.exists():
                continue
            self._seen.add(name)
            command = [*self._command, str(self._run.root), str(self._run.requests / name)]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
            if not target.exists():
                error = f"the process that answers requests ended without an answer (exit code {done.returncode})"
                write_json(target, {"ok": False, "error": error})
