"""The prefork interpreters of a controller or of a node, from which workers are forked.

An interpreter imports what similar scripts import, then forks one worker after another. It is replaced if it dies. If
there is none, for whatever reason, the run is started in a new Python, and its ``worker.log`` says why.
"""

import os
import threading
import time

from ..layout import WORKER_LOCK, WORKER_LOG
from . import learned
from .client import Interpreter, NotWarmError, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional

    from .launch import Launch

_MOST = 4  # interpreters at a time; the least recently used one is ended first
_MOST_REFUSALS = 20
_RETRY = 600.0  # seconds after which an interpreter that could not be started is tried again
_INSTEAD = "started a new interpreter, because no prefork interpreter is available: {}\n"


class PreforkPool:
    """Prefork interpreters by what they depend on (`Launch.key`). Thread-safe."""

    def __init__(self) -> None:
        self._slots: "Dict[str, _Slot]" = {}  # the most recently used one is last
        self._lock = threading.Lock()
        self._closed = False
        self._lifeline = os.pipe()  # closes with this process, which tells workers of its death

    def begin(self, launch: "Launch") -> None:
        """Start the imports of the interpreter for runs like this one, without waiting.

        The run's folder must not change until the first fork, which also reports any errors.
        """
        try:
            slot = self._slot(launch)
            with slot.lock:
                if slot.interpreter is None and slot.begun is None and not slot.is_broken():
                    slot.begun = Interpreter(launch, learned.read(launch.learned), self._lifeline[0])
        except (NotWarmError, OSError):
            return

    def prepare(self, launch: "Launch") -> None:
        """Start the interpreter for runs like this one, and wait for its imports.

        Raises
        ------
        NotWarmError
            If that is not possible.
        """
        slot = self._slot(launch)
        with slot.lock:
            if not slot.is_broken():
                self._ready(slot, launch)

    def fork(self, launch: "Launch") -> "Optional[Worker]":
        """Return a worker forked for a run, or None if the run needs a new interpreter.

        The worker has no pid if it was forked but the answer was lost. It is then found by the lock that it holds.
        """
        try:
            slot = self._slot(launch)
            with slot.lock:
                return None if slot.is_broken() else self._fork(slot, launch)
        except (NotWarmError, OSError) as error:
            with open(os.path.join(launch.run, WORKER_LOG), "a") as log:
                log.write(_INSTEAD.format(error))
            return None

    def close(self) -> None:
        """End the interpreters. Workers continue."""
        with self._lock:
            self._closed = True
            slots, self._slots = list(self._slots.values()), {}
        for slot in slots:
            slot.close()

    def pids(self) -> "List[int]":
        """Return the pids of the current interpreters."""
        with self._lock:
            kept = [slot.interpreter or slot.begun for slot in self._slots.values()]
        return [process.pid for process in kept if process is not None]

    def _slot(self, launch: "Launch") -> "_Slot":
        with self._lock:
            if self._closed:
                raise NotWarmError("the pool was closed")
            slot = self._slots.pop(launch.key, None) or _Slot()
            self._slots[launch.key] = slot
            surplus = [self._slots.pop(key) for key in list(self._slots)[:-_MOST]]
        for surplus_slot in surplus:
            _discard(surplus_slot)
        if launch.learned is not None:
            os.makedirs(os.path.dirname(launch.learned), exist_ok=True)
        return slot

    def _fork(self, slot: "_Slot", launch: "Launch") -> Worker:
        problem = ""
        for _ in range(2):  # an interpreter that has died is replaced once
            interpreter = self._ready(slot, launch)
            try:
                return interpreter.fork(launch)
            except NotWarmError as error:
                slot.end()
                if os.path.exists(os.path.join(launch.run, WORKER_LOCK)):
                    return Worker()
                problem = str(error)
            except BaseException:  # its answer may still arrive, and must not be taken for the next one's
                slot.end()
                raise
        raise NotWarmError("it failed twice: {}".format(problem))

    def _ready(self, slot: "_Slot", launch: "Launch") -> Interpreter:
        """Return a slot's interpreter, started if there is none."""
        if slot.interpreter is None:
            try:
                slot.interpreter = self._start(slot.started_interpreter(), launch)
            except (NotWarmError, OSError):
                slot.broken_until = time.monotonic() + _RETRY
                raise
        return slot.interpreter

    def _start(self, begun: "Optional[Interpreter]", launch: "Launch") -> Interpreter:
        """Return a ready interpreter, restarted without the modules whose import has side effects."""
        known = learned.read(launch.learned)
        for _ in range(_MOST_REFUSALS):
            interpreter, begun = begun or Interpreter(launch, known, self._lifeline[0]), None
            try:
                refused = interpreter.imported()
            except BaseException:
                interpreter.end()
                raise
            if refused is None:
                return interpreter
            interpreter.end()
            known["refused"].append(refused)
            learned.write(launch.learned, known)
        raise NotWarmError("too many modules have side effects on import")


class _Slot:
    """The place of one interpreter. Its lock is held while the interpreter is started, asked or ended."""

    def __init__(self) -> None:
        self.begun: "Optional[Interpreter]" = None  # importing, and has not answered yet
        self.interpreter: "Optional[Interpreter]" = None
        self.broken_until = 0.0
        self.lock = threading.Lock()

    def is_broken(self) -> bool:
        """Return whether its interpreter could not be started a short time ago."""
        return time.monotonic() < self.broken_until

    def started_interpreter(self) -> "Optional[Interpreter]":
        """Return the started interpreter, if it is still alive."""
        begun, self.begun = self.begun, None
        if begun is not None and begun.ended():
            begun.end()
            return None
        return begun

    def end(self) -> None:
        """End the interpreter. The caller holds the lock."""
        for process in (self.begun, self.interpreter):
            if process is not None:
                process.end()
        self.begun = self.interpreter = None

    def close(self) -> None:
        """End the interpreter for good once nobody uses it."""
        with self.lock:
            self.broken_until = float("inf")
            self.end()


def _discard(slot: _Slot) -> None:
    """End a slot's interpreter. If it is in use, a thread waits for that."""
    if slot.lock.locked():
        threading.Thread(target=slot.close, daemon=True).start()
    else:
        slot.close()
