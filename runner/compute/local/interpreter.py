"""A prefork interpreter: a process that has imported what scripts import, and forks workers on request."""

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

from runner.errors import UserError
from runner.io.files import make_folder, write_json
from runner.io.json_records import read_mapping
from runner.layout import BOOTSTRAP, RunLayout, workspace_of
from runner.ports import EnvironmentHandle
from runner.worker.job_order import JobOrder

PATIENCE = 120.0  # seconds for all imports of a script
_ANSWER = 20.0  # seconds for a fork
_MOST_REFUSALS = 20


class NotWarmError(Exception):
    """No prefork interpreter is available; the text says why."""


class Interpreter:
    """A prefork interpreter and the channel to it."""

    def __init__(self, command: Sequence[str], run: RunLayout, lifeline: int, *, apart: bool = False) -> None:
        self._apart = apart  # in a container, where pids differ from ours
        self._handed: list[int] = []
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
        """Return the next line."""
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            ready = select.select([self._channel], [], [], max(0.0, until - time.monotonic()))[0]
            block, handed, _, _ = socket.recv_fds(self._channel, 1 << 16, 1) if ready else (b"", [], 0, None)
            self._handed += handed
            if not block:
                raise NotWarmError(self._complaint() if ready else f"no answer within {seconds:g} s")
            self._received += block
        line, _, self._received = self._received.partition(b"\n")
        found = json.loads(line)
        if not isinstance(found, dict):
            raise NotWarmError(f"an unexpected answer: {line[:80]!r}")
        return found

    def fork(self, run: RunLayout, learnt: Path | None) -> int | None:
        """Return a pidfd of a new worker, None if it has already ended."""
        order = {"run": str(run.root), "log": str(run.worker_log), "environ": dict(os.environ)}
        self.tell({**order, "learn": str(learnt) if learnt else None})
        pid = int(self.hear(_ANSWER)["pid"])
        if self._apart:
            return self._handed.pop() if self._handed else None
        try:
            return os.pidfd_open(pid)
        except ProcessLookupError:
            return None

    def ended(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def _complaint(self) -> str:
        self._log.seek(0)
        lines = self._log.read()[-2000:].decode(errors="replace").strip().splitlines()
        return f"it ended ({lines[-1] if lines else 'without output'})"

    def end(self) -> None:
        """End the interpreter."""
        self._channel.close()
        if not self._apart:  # otherwise it supervises a container, which it removes once all processes in it have ended
            self._process.kill()  # it is only waiting, and no run depends on it
            self._process.wait()
        self._log.close()


def begin(
    run: RunLayout, order: JobOrder, handle: EnvironmentHandle, known: dict[str, list[str]], lifeline: int
) -> Interpreter:
    """Start an interpreter and tell it what to import."""
    layout = workspace_of(run.root)
    if handle.attended and layout is not None:
        make_folder(layout.data)  # visible in its container even if a later run is the first with an input
    command = handle.argv(["python", "-s", str(BOOTSTRAP), "prefork.interpreter", "--variables"])
    interpreter = Interpreter(command, run, lifeline, apart=handle.attended)
    first = {"python": order.argv[0], "environ": dict(os.environ), "run": str(run.root)}
    interpreter.tell({**first, **known, "script": str(run.work / order.argv[1])})
    return interpreter


def ready(
    run: RunLayout, order: JobOrder, handle: EnvironmentHandle, learnt: Path | None, lifeline: int,
    begun: Interpreter | None,
) -> Interpreter:  # fmt: skip
    """Return a ready interpreter, restarted without the modules whose import has side effects."""
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
    raise NotWarmError("too many modules have side effects on import")


def read_learnt(path: Path | None) -> dict[str, list[str]]:
    """Return the modules that similar scripts imported, and those that cannot be imported ahead."""
    try:
        found = read_mapping(path) if path is not None else {}
        return {name: [str(one) for one in found.get(name, [])] for name in ("modules", "refused")}
    except (FileNotFoundError, UserError, TypeError):  # a script in a container could have written it
        return {"modules": [], "refused": []}
