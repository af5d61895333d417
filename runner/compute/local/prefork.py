"""The pool of a sweep's prefork interpreters, from which workers are forked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from runner.compute.local.interpreter import Interpreter, NotWarmError, begin, read_learnt, ready
from runner.layout import RunLayout, workspace_of
from runner.ports import EnvironmentHandle
from runner.worker import job_order
from runner.worker.job_order import JobOrder

AVAILABLE = sys.platform == "linux" and hasattr(os, "pidfd_open")


class WarmPool:
    """Prefork interpreters by what they depend on: program, variables, script. Thread-safe.

    Parameters
    ----------
    most : int
        The maximum number; the least recently used one is ended first.
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._slots: dict[str, _Slot] = {}  # the most recently used one is last
        self._lock = threading.Lock()
        self._closed = False
        self._read, self._write = os.pipe()  # closes with this process, which tells workers of its death

    def warm_up(self, run: RunLayout, handle: EnvironmentHandle) -> None:
        """Start the imports of the interpreter for runs like this one, without waiting.

        The run's folder must not change until the first fork, which also reports any errors.
        """
        order = job_order.read(str(run.root))
        if _may_be_warm(run, order, handle):
            with contextlib.suppress(NotWarmError, OSError):
                slot = self._slot(_key(run, order, handle))
                with slot.lock:
                    if slot.broken or slot.interpreter or slot.begun:
                        return
                    slot.begun = begin(run, order, handle, read_learnt(_learnt_path(run, order)), self._read)

    def fork(self, run: RunLayout, handle: EnvironmentHandle) -> int | None:
        """Return a pidfd of a worker forked for a run, or None if the run needs a new interpreter."""
        order = job_order.read(str(run.root))
        if not _may_be_warm(run, order, handle):
            return None
        try:
            slot = self._slot(_key(run, order, handle))
            with slot.lock:
                if slot.broken:
                    return None
                return self._fork_from(slot, run, order, handle)
        except (NotWarmError, OSError, ValueError) as error:
            with run.worker_log.open("a") as log:
                log.write(f"started a new interpreter, because no prefork interpreter is available: {error}\n")
            return None

    def close(self) -> None:
        """End the interpreters. Workers continue."""
        with self._lock:
            self._closed = True
            slots, self._slots = list(self._slots.values()), {}
        for slot in slots:
            slot.end()

    def pids(self) -> list[int]:
        """Return the pids of the current interpreters."""
        with self._lock:
            kept = [slot.interpreter or slot.begun for slot in self._slots.values()]
        return [one.pid for one in kept if one is not None]

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

    def _fork_from(self, slot: _Slot, run: RunLayout, order: JobOrder, handle: EnvironmentHandle) -> int | None:
        learnt = _learnt_path(run, order)
        for _ in range(2):  # an interpreter that has died is replaced once
            if slot.interpreter is None:
                try:
                    slot.interpreter = ready(run, order, handle, learnt, self._read, slot.take_begun())
                except (NotWarmError, OSError, ValueError):
                    slot.broken = True
                    raise
            try:
                worker = slot.interpreter.fork(run, learnt)
            except (NotWarmError, OSError, ValueError):
                slot.interpreter.end()
                slot.interpreter = None
                if run.worker_lock.exists():  # a worker was forked, but its pid did not arrive
                    raise
                continue
            # For a worker that has already ended: always readable, as its pidfd would be.
            return worker if worker is not None else os.open(os.devnull, os.O_RDONLY)
        raise NotWarmError("it died twice")


@dataclass
class _Slot:
    """The place of one interpreter."""

    begun: Interpreter | None = None  # importing, and has not answered yet
    interpreter: Interpreter | None = None
    broken: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take_begun(self) -> Interpreter | None:
        """Return the started interpreter, if it is still alive."""
        begun, self.begun = self.begun, None
        if begun is not None and begun.ended():
            begun.end()
            return None
        return begun

    def end(self) -> None:
        with self.lock:
            self.broken = True
            for one in (self.begun, self.interpreter):
                if one is not None:
                    one.end()
            self.begun = self.interpreter = None


def _may_be_warm(run: RunLayout, order: JobOrder, handle: EnvironmentHandle) -> bool:
    """Return whether an order is simply ``python script.py`` in an environment on this machine."""
    argv = order.argv
    variables = {**os.environ, **order.variables}
    folders = (variables.get("PYTHONPATH") or "").split(os.pathsep)
    return (
        AVAILABLE
        and handle.inside(["python"]) == argv[:1]
        and len(argv) > 1
        and argv[1].endswith(".py")
        and all(Path(folder).is_absolute() for folder in folders if folder)  # they are read from the run's own folder
        and not (handle.attended and _outside(run, order))
    )


def _outside(run: RunLayout, order: JobOrder) -> bool:
    """Return whether a run has inputs that are not visible in the container shared by an experiment's runs."""
    layout = workspace_of(run.root)
    places = [Path(place).resolve() for place in order.inputs.values()]
    return layout is None or not all(place.is_relative_to(layout.data.resolve()) for place in places)


def _key(run: RunLayout, order: JobOrder, handle: EnvironmentHandle) -> str:
    """Return what an interpreter depends on."""
    variables = {**os.environ, **order.variables}
    seen = [str(run.root.parent)] if handle.attended else []  # a container sees the runs of one experiment
    return _digest(*handle.argv(["python"]), *seen, json.dumps(variables, sort_keys=True), _script(run, order))


def _learnt_path(run: RunLayout, order: JobOrder) -> Path | None:
    layout = workspace_of(run.root)
    if layout is None:
        return None
    path = layout.warm(_digest(order.argv[0], _script(run, order))[:32])
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _script(run: RunLayout, order: JobOrder) -> str:
    try:
        return hashlib.sha256((run.work / order.argv[1]).read_bytes()).hexdigest()
    except OSError:
        return ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
