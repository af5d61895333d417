"""Watches a run whose worker is in a container, from outside."""

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
from runner.execution.requests import Answering
from runner.io.clock import now
from runner.io.files import is_locked, locked, write_json
from runner.io.json_records import read_record
from runner.io.record import FORMAT
from runner.layout import RunLayout
from runner.records import OrderRecord, ResultRecord
from runner.statuses import CANCELED, FAILED

_CONTROLLER_LEAVES = 30.0  # seconds
_TICK = 0.05


class Minded:
    """Holds the run's attendant lock; at its end finishes the record if the controller will not.

    Parameters
    ----------
    layout : RunLayout
        The run's files.
    """

    def __init__(self, layout: RunLayout) -> None:
        self.layout, self.id = layout, layout.root.name
        self._parent = os.getppid()
        self._held = contextlib.ExitStack()

    def __enter__(self) -> Minded:
        if not self._held.enter_context(locked(self.layout.attendant_lock, blocking=False)):
            raise UserError("another process is already monitoring this run")
        self.layout.attendant_lock.write_text(f"{os.getpid()}\n")
        self._order = order = read_record(self.layout.order, OrderRecord)
        # On a node nothing answers, and the controller asks for itself.
        self._answering = Answering(self.layout, order.answer) if order.answer is not None else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:  # until the record is finished, to show that the run is followed
            self.layout.attendant_lock.write_text("")  # what is left of it takes no signals
            self._finish()

    def attended(self) -> bool:
        """Return whether a process attends this run."""
        return is_locked(self.layout.attendant_lock)

    def inputs(self) -> list[Path]:
        """Return the data inputs, where the links in the run's folder lead."""
        places = [Path(place) for place in self._order.inputs.values()]
        return [place.readlink() if place.is_symlink() else place for place in places]

    def relied_on(self) -> list[Path]:
        """Return the run's files that a script must not change: they say what this machine starts, and signals."""
        run = self.layout
        files = (run.order, run.job, run.attendant_lock, run.record, run.config, run.lock_file, run.controller_lock)
        return [path for path in files if path.exists()]

    def mark_canceled(self) -> None:
        """Leave the mark that a worker finds as it begins: before that, signals do not reach it."""
        if not self.layout.cancel.exists():
            write_json(self.layout.cancel, {"format": FORMAT, "by": "a signal", "reason": None})

    def answer(self) -> None:
        """Have the controller's command answer what the script asks for."""
        if self._answering is not None:
            self._answering.tick()

    def fail(self, reason: str) -> None:
        """Leave the result of a run whose container could not be started."""
        if not self.layout.result.exists():
            self._write(ResultRecord(status=FAILED, reason=reason, ended=now()))

    def settle(self, *, memory: str | None, lost: bool, asked: bool) -> None:
        """Leave a true result: the worker's, with what only the engine knows, or one in its place.

        Parameters
        ----------
        memory : str or None
            The container's limit, if something in it was killed for reaching it.
        lost : bool
            Whether the engine went away meanwhile.
        asked : bool
            Whether we were asked to end it.
        """
        away = "the container engine was stopped or restarted during the run" if lost else None
        canceled = asked or self.layout.cancel.exists()
        found = self._found()
        if found is None:
            reason = f"out of memory: the container's limit is {memory}" if memory else away
            status, why = (CANCELED, "canceled") if canceled else (FAILED, reason or "the container was killed")
            self._write(ResultRecord(status=status, reason=why, ended=now()))
        elif memory and found.status == FAILED and found.signal == "SIGKILL":
            self._write(dataclasses.replace(found, reason=f"out of memory: the container's limit is {memory}"))
        elif found.status == CANCELED and not canceled:  # the worker was sent a SIGTERM, and not by us
            reason = away or "the container was stopped from outside, by a command or because its engine stopped"
            self._write(dataclasses.replace(found, status=FAILED, reason=reason))

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
