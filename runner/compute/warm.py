"""Interpreters that have imported what scripts import, kept while a sweep goes on; workers are forked from them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.files import write_json
from runner.layout import RunLayout, workspace_of
from runner.ports import EnvironmentHandle
from runner.stages.run import WORKER

AVAILABLE = sys.platform == "linux" and hasattr(os, "pidfd_open")
PATIENCE = 120.0  # seconds for all imports of a script
_ANSWER = 20.0  # seconds for a fork
_MOST_REFUSALS = 20


class NotWarmError(Exception):
    """Why no interpreter is there to fork from."""


class WarmPool:
    """Warm interpreters by what they depend on: program, variables, script. Safe to use from several threads.

    Parameters
    ----------
    most : int
        How many are kept; the one used longest ago is ended first.
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._slots: dict[str, _Slot] = {}  # the one used last is the last
        self._lock = threading.Lock()
        self._closed = False
        self._read, self._write = os.pipe()  # closes with this process, and so tells workers of its death

    def fork(self, run: RunLayout, handle: EnvironmentHandle) -> int | None:
        """Return a pidfd of a worker forked for a run, or None if the run has to be started afresh."""
        order = json.loads(run.order.read_bytes())
        if not _may_be_warm(order, handle):
            return None
        try:
            slot = self._slot(_key(run, order))
            with slot.lock:
                if slot.broken:
                    return None
                return self._fork_from(slot, run, order, handle)
        except (NotWarmError, OSError, ValueError) as error:
            with run.worker_log.open("a") as log:
                log.write(f"started afresh, for there is no warm interpreter: {error}\n")
            return None

    def close(self) -> None:
        """End the interpreters; workers go on."""
        with self._lock:
            self._closed = True
            slots, self._slots = list(self._slots.values()), {}
        for slot in slots:
            slot.end()

    def pids(self) -> list[int]:
        """Return the processes that are kept at the moment."""
        with self._lock:
            return [slot.interpreter.pid for slot in self._slots.values() if slot.interpreter is not None]

    def _slot(self, key: str) -> _Slot:
        with self._lock:
            if self._closed:
                raise NotWarmError("the compute was closed")
            slot = self._slots.pop(key, None) or _Slot()
            self._slots[key] = slot
            surplus = [self._slots.pop(one) for one in list(self._slots)[: -self._most]]
        for one in surplus:
            one.end()
        return slot

    def _fork_from(self, slot: _Slot, run: RunLayout, order: dict[str, Any], handle: EnvironmentHandle) -> int | None:
        learnt = _learnt_path(run, order)
        for _ in range(2):  # an interpreter that died meanwhile is replaced once
            if slot.interpreter is None:
                try:
                    slot.interpreter = _start(run, order, handle, learnt, self._read)
                except (NotWarmError, OSError, ValueError):
                    slot.broken = True
                    raise
            try:
                pid = slot.interpreter.fork(run, learnt)
            except (NotWarmError, OSError, ValueError):
                slot.interpreter.end()
                slot.interpreter = None
                if run.worker_lock.exists():  # a worker was forked, but its number did not arrive
                    raise
                continue
            with contextlib.suppress(ProcessLookupError):
                return os.pidfd_open(pid)
            return os.open(os.devnull, os.O_RDONLY)  # it has ended already: always readable, as a pidfd then is
        raise NotWarmError("it died twice")


@dataclass
class _Slot:
    """The place of one interpreter."""

    interpreter: _Interpreter | None = None
    broken: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self) -> None:
        with self.lock:
            self.broken = True
            if self.interpreter is not None:
                self.interpreter.end()
                self.interpreter = None


class _Interpreter:
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

    def ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Send one line and return the line that answers it."""
        self._channel.sendall(json.dumps(question).encode("ascii") + b"\n")
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
        return int(self.ask({**order, "learn": str(learnt) if learnt else None}, _ANSWER)["pid"])

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


def _start(
    run: RunLayout, order: dict[str, Any], handle: EnvironmentHandle, learnt: Path | None, lifeline: int
) -> _Interpreter:
    """Start an interpreter, again and again without the modules whose import would not go unnoticed."""
    known = _read_learnt(learnt)
    command = handle.argv(["python", "-s", str(WORKER / "importlib_bootstrap.py"), "--variables"])
    for _ in range(_MOST_REFUSALS):
        interpreter = _Interpreter(command, run, lifeline)
        first = {"python": order["argv"][0], "environ": dict(os.environ), "run": str(run.root)}
        try:
            answer = interpreter.ask({**first, **known, "script": str(run.work / order["argv"][1])}, PATIENCE)
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


def _may_be_warm(order: dict[str, Any], handle: EnvironmentHandle) -> bool:
    """Tell whether an order is plainly ``python script.py``, in an environment that is a Python on this machine."""
    argv = order["argv"]
    variables = {**os.environ, **(order.get("variables") or {})}
    folders = (variables.get("PYTHONPATH") or "").split(os.pathsep)
    return (
        AVAILABLE
        and handle.inside(["python"]) == argv[:1]
        and len(argv) > 1
        and argv[1].endswith(".py")
        and all(Path(folder).is_absolute() for folder in folders if folder)  # they are read from the run's own folder
    )


def _key(run: RunLayout, order: dict[str, Any]) -> str:
    """Return what an interpreter depends on."""
    variables = {**os.environ, **(order.get("variables") or {})}
    return _digest(order["argv"][0], json.dumps(variables, sort_keys=True), _script(run, order))


def _learnt_path(run: RunLayout, order: dict[str, Any]) -> Path | None:
    layout = workspace_of(run.root)
    if layout is None:
        return None
    path = layout.warm(_digest(order["argv"][0], _script(run, order))[:32])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _read_learnt(path: Path | None) -> dict[str, list[str]]:
    try:
        found = json.loads(path.read_bytes()) if path is not None else {}
        return {name: [str(one) for one in found.get(name, [])] for name in ("modules", "refused")}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {"modules": [], "refused": []}


def _script(run: RunLayout, order: dict[str, Any]) -> str:
    try:
        return hashlib.sha256((run.work / order["argv"][1]).read_bytes()).hexdigest()
    except OSError:
        return ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
