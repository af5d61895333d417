"""Monitors a run whose worker is in a container, from the host."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

from runner.errors import UserError
from runner.execution.requests import RequestAnswerer
from runner.io.clock import now
from runner.io.files import write_json
from runner.io.json_records import read_record
from runner.io.locks import is_locked, locked
from runner.io.record import FORMAT
from runner.layout import RunLayout
from runner.records import OrderRecord, ResultRecord
from runner.statuses import CANCELED, FAILED

_CONTROLLER_LEAVES = 30.0  # seconds that a detaching controller gets to leave
_TICK = 0.05


class RunMonitor:
    """Holds the lock of a monitored run. On exit it finishes the run's record if the controller will not.

    Parameters
    ----------
    layout : RunLayout
        The run's files.
    """

    def __init__(self, layout: RunLayout) -> None:
        self.layout, self.id = layout, layout.root.name
        self._parent = os.getppid()
        self._held = contextlib.ExitStack()

    def __enter__(self) -> RunMonitor:
        if not self._held.enter_context(locked(self.layout.attendant_lock, blocking=False)):
            raise UserError("another process is already monitoring this run")
        self.layout.attendant_lock.write_text(f"{os.getpid()}\n")
        self._order = order = read_record(self.layout.order, OrderRecord)
        # On a node, nothing is answered here, because the controller collects the requests itself.
        self._answering = RequestAnswerer(self.layout, order.answer) if order.answer is not None else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:  # the lock is held until the record is finished, as a sign that the run is monitored
            self.layout.attendant_lock.write_text("")  # from now on this process takes no signals for the run
            self._finish()

    def supervised(self) -> bool:
        """Return whether a process supervises this run."""
        return is_locked(self.layout.attendant_lock)

    def inputs(self) -> list[Path]:
        """Return the paths of the data inputs, following the links in the run's folder."""
        places = [Path(place) for place in self._order.inputs.values()]
        return [place.readlink() if place.is_symlink() else place for place in places]

    def protected_files(self) -> list[Path]:
        """Return the run's files that a script must not change: they decide what this machine starts and signals."""
        run = self.layout
        files = (run.order, run.job, run.attendant_lock, run.record, run.config, run.lock_file, run.controller_lock)
        return [path for path in files if path.exists()]

    def mark_canceled(self) -> None:
        """Write the cancel mark. A worker reads it at its start, before signals reach it."""
        if not self.layout.cancel.exists():
            write_json(self.layout.cancel, {"format": FORMAT, "by": "a signal", "reason": None})

    def answer(self) -> None:
        """Pass the script's requests to the controller's command, which answers them."""
        if self._answering is not None:
            self._answering.tick()

    def fail(self, reason: str) -> None:
        """Write the result of a run whose container could not be started."""
        if not self.layout.result.exists():
            self._write(ResultRecord(status=FAILED, reason=reason, ended=now()))

    def complete_result(self, *, memory: str | None, lost: bool, cancel_requested: bool) -> None:
        """Complete the worker's result with what only the engine knows, or write a result if there is none.

        Parameters
        ----------
        memory : str or None
            The container's memory limit, if a process was killed for exceeding it.
        lost : bool
            Whether the engine stopped answering during the run.
        cancel_requested : bool
            Whether this process received a signal to end the run.
        """
        away = "the container engine was stopped or restarted during the run" if lost else None
        canceled = cancel_requested or self.layout.cancel.exists()
        result = self._found()
        if result is None:
            reason = f"out of memory: the container's limit is {memory}" if memory else away
            status, why = (CANCELED, "canceled") if canceled else (FAILED, reason or "the container was killed")
            self._write(ResultRecord(status=status, reason=why, ended=now()))
        elif memory and result.status == FAILED and result.signal == "SIGKILL":
            self._write(dataclasses.replace(result, reason=f"out of memory: the container's limit is {memory}"))
        elif result.status == CANCELED and not canceled:  # the worker received a SIGTERM that we did not send
            reason = away or "the container was stopped from outside, by a command or because its engine stopped"
            self._write(dataclasses.replace(result, status=FAILED, reason=reason))

    def _found(self) -> ResultRecord | None:
        try:
            return read_record(self.layout.result, ResultRecord)
        except FileNotFoundError:
            return None

    def _write(self, result: ResultRecord) -> None:
        write_json(self.layout.result, result.to_json())

    def _gone(self) -> bool:
        return os.getppid() != self._parent or self._parent == 1

    def _finish(self) -> None:
        """Finish the run's record if the controller will not; see the worker's ``lifecycle``."""
        until, detach = time.monotonic() + _CONTROLLER_LEAVES, self._order.detach
        while detach and is_locked(self.layout.controller_lock) and time.monotonic() < until:
            time.sleep(_TICK)
        if self._order.finish is not None and (self._gone() or detach):
            command = [*self._order.finish, str(self.layout.root)]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
