"""One run from its first file to the summary, held by the controller's lock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from runner.console.progress import Progress
from runner.execution.context import Bench
from runner.io.files import locked, make_folder, write_text
from runner.pipeline import execute
from runner.records import RunRecord
from runner.stages.run import Detached
from runner.statuses import CANCELED, COMPLETED

FAILED_RUN, INTERRUPTED = 2, 130


@contextlib.contextmanager
def opened(bench: Bench, record: RunRecord, yaml: str) -> Iterator[None]:
    """Create the run, and mind it while the block runs.

    The lock tells other commands that somebody minds this run; the kernel frees it when the controller dies.
    """
    make_folder(bench.run.root)  # whatever the umask: see `recovery.checked`
    with locked(bench.run.controller_lock):
        bench.runs.create(record)
        for folder in (bench.run.logs, bench.run.outputs):
            make_folder(folder)
        write_text(bench.run.config, yaml)
        yield


def conduct(bench: Bench, record: RunRecord, yaml: str, progress: Progress) -> int:
    """Create the run, execute it and return the exit code."""
    with opened(bench, record, yaml):
        progress.begin(record)
        try:
            record = execute(bench, record, progress.phase)
        except Detached:
            progress.detached(bench.run, record)
            return 0
        except KeyboardInterrupt:
            progress.end(bench.run, bench.runs.read(record.id))
            return INTERRUPTED
    progress.end(bench.run, record)
    if record.status == CANCELED:
        return INTERRUPTED
    return 0 if record.status == COMPLETED else FAILED_RUN
