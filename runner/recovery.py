"""Finishes the records of runs whose controller has ended. Commands that only read never do this.

It starts programs that the run's files name and unpickles its model, so the files must belong to the user.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from pathlib import Path

from runner.config.schema import is_pipeline
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.control import is_followed, request_cancel
from runner.execution.plan import Step
from runner.execution.secret_values import mask_secrets
from runner.io.clock import now
from runner.io.json_records import read_text
from runner.io.locks import is_locked, locked
from runner.layout import Layout, RunLayout
from runner.pipeline import execute, finish
from runner.ports.compute import Compute, Job
from runner.ports.environment import EnvironmentHandle
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import RunRecord
from runner.rerun import checked, compute_settings_of, plan_of_pipeline, spec_of
from runner.run_context import make_context
from runner.stages.register import registers
from runner.stages.run import read_result
from runner.statuses import CANCELED, FAILED, TERMINAL
from runner.store.edits import final_changes, with_changes
from runner.store.finding import entries, record_folders
from runner.store.runs import FileRunStore, read_record
from runner.sweeps.controller.prefetch import clear_abandoned
from runner.wiring import make_compute
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
        if is_pipeline_record(record):
            return _ended_pipeline(layout, record)
        job = None if ended or not run.order.exists() else _attached(layout, record)
        if job is not None:
            job.detach()
            return record
        context = reopen(layout, record, say)
        if not run.order.exists():
            status = CANCELED if run.cancel.exists() else FAILED
            return finish(
                context, dataclasses.replace(record, error="the controller ended before the script started"), status
            )
        if record.run is None:
            record = dataclasses.replace(record, run=read_result(run))
            context.runs.write(record)
        _take_interpreter(context, record)
        return execute(context, record, _quiet)


def is_pipeline_record(record: RunRecord) -> bool:
    """Return whether a run has steps instead of a script, whatever else of its configuration is damaged."""
    return bool(record.part("pipeline").get("steps"))


def _ended_pipeline(layout: Layout, record: RunRecord) -> RunRecord:
    """End the record of a pipeline whose controller has gone. Its steps end by themselves, and it can be resumed."""
    run = layout.run(record.experiment, record.id)
    status = CANCELED if run.cancel.exists() else FAILED
    hint = f"Continue it: vivero pipeline resume {record.id}"
    error = str(UserError("the controller ended before the last step", hint))
    with final_changes(run) as changes:
        record = with_changes(dataclasses.replace(record, status=status, error=error, ended=now()), changes)
        FileRunStore(layout).write(record)
    return record


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
        for folder in record_folders(Path(experiment.path), str(RunLayout.secrets)):
            if not is_followed(RunLayout(folder)) and _is_over(folder):
                job_order.forget(str(folder))


def _is_over(folder: Path) -> bool:
    try:
        return read_record(folder).status in TERMINAL
    except UserError:  # a run cannot continue without its record
        return True


def finished(layout: Layout, record: RunRecord) -> RunRecord:
    """Return a run's final record, after waiting for a run that continues by itself."""
    if record.status not in TERMINAL:
        record = checked(layout, record)
        _wait_for_job(layout, record)
    return reconcile(layout, record)


def follow(layout: Layout, record: RunRecord) -> None:
    """Wait for a run that its controller has left, until it has ended and that controller is gone."""
    _wait_for_job(layout, record)
    until = time.monotonic() + _CONTROLLER_LEAVES
    while is_locked(layout.run(record.experiment, record.id).controller_lock) and time.monotonic() < until:
        time.sleep(_TICK)


def _wait_for_job(layout: Layout, record: RunRecord) -> None:
    with contextlib.closing(_compute(layout, record)) as compute:
        job = _attach(compute, layout, record)
        while job is not None and not job.wait(_TICK):
            continue


def _attached(layout: Layout, record: RunRecord) -> Job | None:
    """Return the job of a run, None if it is not running or queued."""
    return _attach(_compute(layout, record), layout, record)


def _compute(layout: Layout, record: RunRecord) -> Compute:
    """Return the compute of a run. It reads only its own settings, because the others may be damaged."""
    return make_compute(compute_settings_of(record), _base(layout, record), say=_quiet)


def _attach(compute: Compute, layout: Layout, record: RunRecord) -> Job | None:
    run = layout.run(record.experiment, record.id)

    def restored(host: Host) -> EnvironmentHandle:
        assert record.prepare is not None  # noqa: S101 - it was submitted
        environment = reopen(layout, record).environment
        return environment.restore(record.prepare.environment, read_text(run.lock_file), host, print)

    return compute.attach(run.root, restored)


def _base(layout: Layout, record: RunRecord) -> Path:
    """Return the folder of the relative paths in a run's settings."""
    return Path(str(record.config.get("base", layout.root)))


def reopen(layout: Layout, record: RunRecord, say: Say = _quiet) -> RunContext:
    """Return the context of a recorded run, with its Python even if packages in it have changed."""
    spec = spec_of(record)
    used = record.prepare.environment if record.prepare is not None else None
    if used is not None and used.kind == "current" and used.prefix == sys.prefix:
        spec.environment = dataclasses.replace(spec.environment, allow_drift=True)
    steps: tuple[Step, ...] = ()
    if is_pipeline(spec):
        steps = plan_of_pipeline(layout, record, mask_secrets(record.config)).steps
    return make_context(spec, layout, record, _base(layout, record), say=say, steps=steps)


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
    if is_pipeline_record(record):  # its controller looks for the request
        return record
    job = _attached(layout, record)
    if job is not None:
        job.cancel()
    return record


def run_folder_record(folder: Path) -> tuple[Layout, RunRecord]:
    """Return the workspace and the record of a run's folder."""
    return Layout(folder.parent.parent.parent), read_record(folder)
