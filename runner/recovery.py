"""Finishes the records of runs whose controller is gone. Every reading command comes through here."""

from __future__ import annotations

import dataclasses
import json
import signal
import time
from pathlib import Path

from runner.bench import Bench
from runner.clock import now
from runner.errors import UserError
from runner.files import is_locked, locked
from runner.layout import Layout
from runner.pipeline import execute, finish
from runner.records import RunRecord
from runner.stages.run import follow, read_result, request_cancel, signal_worker, worker_lives
from runner.statuses import CANCELED, FAILED, TERMINAL
from runner.wiring import make_bench

_TICK = 0.1
_CONTROLLER_LEAVES = 30.0  # seconds


def _quiet(_word: str, _seconds: float | None = None) -> None:
    """Say nothing: a reading command shows its own."""


def reconcile(layout: Layout, record: RunRecord) -> RunRecord:
    """Return a run's true record, finishing it if the controller died and the worker has ended.

    A run that a controller minds, or whose worker lives, stays as it is.
    """
    if record.status in TERMINAL:
        return record
    run = layout.run(record.experiment, record.id)
    with locked(run.controller_lock, blocking=False) as held:
        if not held or worker_lives(run):
            return record
        bench = reopen(layout, record)
        record = bench.runs.read(record.id)
        if record.status in TERMINAL:
            return record
        if not run.order.exists():
            status = CANCELED if run.cancel.exists() else FAILED
            return finish(
                bench, dataclasses.replace(record, error="the controller ended before the script began"), status
            )
        if run.node.exists() and not run.result.exists():
            follow(run)
            return record
        if record.run is None:
            record = dataclasses.replace(record, run=read_result(run))
            bench.runs.write(record)
        return execute(bench, record, _quiet)


def followed(layout: Layout, record: RunRecord) -> None:
    """Follow a run that is on a node to its end."""
    bench = reopen(layout, record)
    assert record.prepare is not None  # noqa: S101 - it was submitted
    environment, lock = record.prepare.environment, bench.run.lock_file.read_text()
    job = bench.compute.attach(bench.run.root, lambda host: bench.environment.restore(environment, lock, host, print))
    while job is not None and not job.wait(_TICK):
        continue
    bench.compute.close()
    until = time.monotonic() + _CONTROLLER_LEAVES
    while is_locked(bench.run.controller_lock) and time.monotonic() < until:
        time.sleep(_TICK)


def reopen(layout: Layout, record: RunRecord) -> Bench:
    """Return the bench of a recorded run."""
    from runner.restore import spec_of

    base = Path(str(record.config.get("base", layout.root)))
    return make_bench(spec_of(record), layout, record, base, say=_quiet)


def cancel(layout: Layout, record: RunRecord) -> RunRecord:
    """Ask a run to end and return its record as it then stands.

    Raises
    ------
    UserError
        If it has ended already.
    """
    record = reconcile(layout, record)
    if record.status in TERMINAL:
        raise UserError(f"Run {record.id} is already {record.status}")
    run = layout.run(record.experiment, record.id)
    request_cancel(run, f"vivero cancel at {now()}")
    signal_worker(run, signal.SIGTERM)
    return record


def run_folder_record(folder: Path) -> tuple[Layout, RunRecord]:
    """Return the workspace and the record of a run's folder."""
    record = RunRecord.from_json(json.loads((folder / "run.json").read_bytes()))
    return Layout(folder.parent.parent.parent), record
