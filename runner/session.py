"""One run from its first file to the summary, under the controller's lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from runner.console.progress import Progress
from runner.execution.context import RunContext
from runner.io.files import locked, make_folder, write_text
from runner.pipeline import execute
from runner.records import RunRecord
from runner.stages.run import Detached
from runner.statuses import CANCELED, COMPLETED

FAILED_RUN, INTERRUPTED = 2, 130


@contextlib.contextmanager
def opened(context: RunContext, record: RunRecord, yaml: str) -> Iterator[None]:
    """Create the run and hold its lock while the block runs.

    The lock tells other commands that the run has a controller. The kernel frees it when the controller dies.
    """
    make_folder(context.run.root)  # whatever the umask: see `rerun.checked`
    with locked(context.run.controller_lock):
        context.runs.create(record)
        for folder in (context.run.logs, context.run.outputs):
            make_folder(folder)
        write_text(context.run.config, yaml)
        yield


def conduct(context: RunContext, record: RunRecord, yaml: str, progress: Progress) -> int:
    """Create the run, execute it and return the exit code."""
    with opened(context, record, yaml):
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
