"""Finishes the records of runs whose controller has ended. Commands that only read never do this.

It starts programs that the run's files name and unpickles its model, so the files must belong to the user.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.control import is_followed, request_cancel
from runner.io.clock import now
from runner.io.files import is_locked, locked
from runner.io.json_records import read_text
from runner.layout import Layout, RunLayout
from runner.pipeline import execute, finish
from runner.ports import EnvironmentHandle, Host, Job, Say
from runner.records import RunRecord
from runner.rerun import checked
from runner.stages.register import registers
from runner.stages.run import read_result
from runner.statuses import CANCELED, FAILED, TERMINAL
from runner.store.finding import entries, record_folders
from runner.store.runs import read_record
from runner.sweeps.controller.prefetch import clear_abandoned
from runner.wiring import make_context
from runner.worker import job_order

_TICK = 0.1
_CONTROLLER_LEAVES = 30.0  # seconds


def _quiet(_word: str, _seconds: float | None = None) -> None:
    """Discard progress; the caller shows its own."""


def reconcile(layout: Layout, record: RunRecord, *, ended: bool = False, say: Say = _quiet) -> RunRecord:
    """Return a run's record, finishing it if the controller died and the worker has ended.

    A run whose controller or worker is alive is not changed.

    Parameters
    ----------
    ended : bool
        Whether the worker is the caller. It has ended, but holds its lock until the record is finished.
    say : Say
        Receives lines about the environment.

    Raises
    ------
    UserError
        If others could have written the run's files, or the run needs another Python.
    """
    if record.status in TERMINAL:
        return record
    run = layout.run(record.experiment, record.id)
    record = checked(layout, record)
    if is_followed(run) and not ended:
        return record
    with locked(run.controller_lock, blocking=False) as held:
        if not held:
            return record
        record = read_record(run.root)
        if record.status in TERMINAL:
            return record
        context = reopen(layout, record, say)
        if not run.order.exists():
            status = CANCELED if run.cancel.exists() else FAILED
            return finish(
                context, dataclasses.replace(record, error="the controller ended before the script started"), status
            )
        job = None if ended else _attached(context, record)
        if job is not None:
            job.detach()
            return record
        if record.run is None:
            record = dataclasses.replace(record, run=read_result(run))
            context.runs.write(record)
        _take_interpreter(context, record)
        return execute(context, record, _quiet)


def _take_interpreter(context: RunContext, record: RunRecord) -> None:
    """Refuse a run of another Python, whose model this one could not load."""
    if record.prepare is None or record.prepare.environment.kind != "current" or not registers(context):
        return
    host, lock = context.compute.host(), read_text(context.run.lock_file)
    context.handle = context.environment.restore(record.prepare.environment, lock, host, context.say)


def forget_secrets(layout: Layout) -> None:
    """Remove leftover secrets after the controller of a run or sweep was killed."""
    clear_abandoned(layout)
    for experiment in entries(layout.runs):
        for folder in record_folders(Path(experiment.path), job_order.NAME):
            if not is_followed(RunLayout(folder)) and _is_over(folder):
                job_order.forget(str(folder))


def _is_over(folder: Path) -> bool:
    try:
        return read_record(folder).status in TERMINAL
    except UserError:  # a run cannot continue without its record
        return True


def finished(layout: Layout, record: RunRecord) -> RunRecord:
    """Return a run's last record, after waiting for a run that goes on by itself."""
    if record.status not in TERMINAL:
        record = checked(layout, record)
        context = reopen(layout, record)
        _wait(_attached(context, record))
        context.compute.close()
    return reconcile(layout, record)


def follow(layout: Layout, record: RunRecord) -> None:
    """Wait for a run that its controller has left, until it has ended and that controller is gone."""
    context = reopen(layout, record)
    _wait(_attached(context, record))
    context.compute.close()
    until = time.monotonic() + _CONTROLLER_LEAVES
    while is_locked(context.run.controller_lock) and time.monotonic() < until:
        time.sleep(_TICK)


def _attached(context: RunContext, record: RunRecord) -> Job | None:
    """Return the job of a run, None if nothing of it goes on."""

    def restored(host: Host) -> EnvironmentHandle:
        assert record.prepare is not None  # noqa: S101 - it was submitted
        lock = read_text(context.run.lock_file)
        return context.environment.restore(record.prepare.environment, lock, host, print)

    return context.compute.attach(context.run.root, restored)


def _wait(job: Job | None) -> None:
    while job is not None and not job.wait(_TICK):
        continue


def reopen(layout: Layout, record: RunRecord, say: Say = _quiet) -> RunContext:
    """Return the context of a recorded run, with its Python even if packages in it have changed."""
    from runner.rerun import spec_of

    spec, base = spec_of(record), Path(str(record.config.get("base", layout.root)))
    used = record.prepare.environment if record.prepare is not None else None
    if used is not None and used.kind == "current" and used.prefix == sys.prefix:
        spec.environment = dataclasses.replace(spec.environment, allow_drift=True)
    return make_context(spec, layout, record, base, say=say)


def cancel(layout: Layout, record: RunRecord) -> RunRecord:
    """Ask a run to end and return its current record.

    Raises
    ------
    UserError
        If it has already ended, or others could have written its files, which name the process to signal.
    """
    record = reconcile(layout, record)
    if record.status in TERMINAL:
        raise UserError(f"Run {record.id} is already {record.status}")
    run = layout.run(record.experiment, record.id)
    request_cancel(run, f"vivero cancel at {now()}")
    job = _attached(reopen(layout, record), record)
    if job is not None:
        job.cancel()
    return record


def run_folder_record(folder: Path) -> tuple[Layout, RunRecord]:
    """Return the workspace and the record of a run's folder."""
    return Layout(folder.parent.parent.parent), read_record(folder)
