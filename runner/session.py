"""One run from its first file to the summary, under the controller's lock."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from runner.console.progress import Progress
from runner.errors import UserError
from runner.execution.announcement import announce
from runner.execution.context import RunContext
from runner.io.files import make_folder, write_text
from runner.io.locks import locked
from runner.pipeline import execute
from runner.records import RunRecord
from runner.stages.run import Detached
from runner.statuses import CANCELED, COMPLETED, RUNNING

FAILED_RUN, INTERRUPTED = 2, 130


@contextlib.contextmanager
def opened(context: RunContext, record: RunRecord, yaml: str) -> Iterator[None]:
    """Create the run and hold its lock while the block runs.

    The lock tells other commands that the run has a controller. The kernel frees it when the controller dies.
    """
    make_folder(context.run.root)  # whatever the umask: see `rerun.checked`
    with locked(context.run.controller_lock):
        context.runs.create(record)
        announce(context.run.root)
        for folder in (context.run.logs, context.run.outputs):
            make_folder(folder)
        write_text(context.run.config, yaml)
        yield


def conduct(context: RunContext, record: RunRecord, yaml: str, progress: Progress) -> int:
    """Create the run, execute it and return the exit code."""
    with opened(context, record, yaml):
        return _shown(context, record, progress)


def resume(context: RunContext, run_id: str, progress: Progress) -> int:
    """Continue a pipeline's run and return the exit code.

    Raises
    ------
    UserError
        If another process runs it.
    """
    with locked(context.run.controller_lock, blocking=False) as held:
        if not held:
            raise UserError(f"The pipeline {run_id} is being run", f"To watch it: vivero pipeline {run_id}")
        context.run.cancel.unlink(missing_ok=True)
        record = dataclasses.replace(
            context.runs.read(run_id), status=RUNNING, ended=None, error=None, run=None, finalize=None
        )
        context.runs.write(record)
        announce(context.run.root)
        return _shown(context, record, progress)


def _shown(context: RunContext, record: RunRecord, progress: Progress) -> int:
    """Execute a run whose lock is held, show how it goes, and return the exit code."""
    progress.begin(record)
    try:
        record = execute(context, record, progress.phase)
    except Detached:
        progress.detached(context.run, record)
        return 0
    except KeyboardInterrupt:
        progress.end(context.run, context.runs.read(record.id))
        return INTERRUPTED
    progress.end(context.run, record)
    if record.status == CANCELED:
        return INTERRUPTED
    return 0 if record.status == COMPLETED else FAILED_RUN
