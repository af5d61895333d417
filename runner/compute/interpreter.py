"""A process that has imported what a script imports, and forks workers when it is told to."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.files import write_json
from runner.layout import RunLayout
from runner.ports import EnvironmentHandle
from runner.stages.run import WORKER

PATIENCE = 120.0  # seconds for all imports of a script
_ANSWER = 20.0  # seconds for a fork
_MOST_REFUSALS = 20


class NotWarmError(Exception):
    """Why no interpreter is there to fork from."""


class Interpreter:
    """One warm process and the channel to it."""

    def __init__(self, command: Sequence[str], run: RunLayout, lifeline: int) -> None:
        self._channel, theirs = socket.socketpair()
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - open as long as the process
        self._received = b""
        try:
            self._process = subprocess.Popen(
                [*command, str(run.root), str(theirs.fileno()), str(lifeline)],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                cwd="/",
                env=os.environ,
                start_new_session=True,
                pass_fds=(theirs.fileno(), lifeline),
            )
        except BaseException:
            self._channel.close()
            self._log.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid

    def tell(self, question: dict[str, Any]) -> None:
        """Send one line."""
        self._channel.sendall(json.dumps(question).encode("ascii") + b"\n")

    def hear(self, seconds: float) -> dict[str, Any]:
        """Return the line that answers."""
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            ready = select.select([self._channel], [], [], max(0.0, until - time.monotonic()))[0]
            block = self._channel.recv(1 << 16) if ready else b""
            if not block:
                raise NotWarmError(self._complaint() if ready else f"no answer within {seconds:g} s")
            self._received += block
        line, _, self._received = self._received.partition(b"\n")
        found = json.loads(line)
        if not isinstance(found, dict):
            raise NotWarmError(f"a strange answer: {line[:80]!r}")
        return found

    def fork(self, run: RunLayout, learnt: Path | None) -> int:
        """Return the pid of a new worker."""
        order = {"run": str(run.root), "log": str(run.worker_log), "environ": dict(os.environ)}
        self.tell({**order, "learn": str(learnt) if learnt else None})
        return int(self.hear(_ANSWER)["pid"])

    def ended(self) -> bool:
        """Tell whether the process is no more."""
        return self._process.poll() is not None

    def _complaint(self) -> str:
        self._log.seek(0)
        lines = self._log.read()[-2000:].decode(errors="replace").strip().splitlines()
        return f"it ended ({lines[-1] if lines else 'without a word'})"

    def end(self) -> None:
        """Let it go."""
        self._channel.close()
        self._process.kill()  # it only waits, and nothing that runs hangs on it
        self._process.wait()
        self._log.close()


def begin(
    run: RunLayout, order: dict[str, Any], handle: EnvironmentHandle, known: dict[str, list[str]], lifeline: int
) -> Interpreter:
    """Start an interpreter and tell it what to import."""
    command = handle.argv(["python", "-s", str(WORKER / "importlib_bootstrap.py"), "--variables"])
    interpreter = Interpreter(command, run, lifeline)
    first = {"python": order["argv"][0], "environ": dict(os.environ), "run": str(run.root)}
    interpreter.tell({**first, **known, "script": str(run.work / order["argv"][1])})
    return interpreter


def ready(
    run: RunLayout, order: dict[str, Any], handle: EnvironmentHandle, learnt: Path | None, lifeline: int,
    begun: Interpreter | None,
) -> Interpreter:  # fmt: skip
    """Return an interpreter that is ready, begun anew without the modules whose import would not go unnoticed."""
    known = read_learnt(learnt)
    for _ in range(_MOST_REFUSALS):
        interpreter, begun = begun or begin(run, order, handle, known, lifeline), None
        try:
            answer = interpreter.hear(PATIENCE)
        except BaseException:
            interpreter.end()
            raise
        if "refused" not in answer:
            return interpreter
        interpreter.end()
        known["refused"].append(answer["refused"])
        if learnt is not None:
            write_json(learnt, known)
    raise NotWarmError("too many modules do something when they are imported")


def read_learnt(path: Path | None) -> dict[str, list[str]]:
    """Return which modules scripts like this one imported, and which of them cannot be imported ahead."""
    try:
        found = json.loads(path.read_bytes()) if path is not None else {}
        return {name: [str(one) for one in found.get(name, [])] for name in ("modules", "refused")}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {"modules": [], "refused": []}
