"""Waits for the run of a step whose controller was killed. Its result counts."""

from __future__ import annotations

import threading
import time

from runner.execution.control import is_followed, start_follower
from runner.layout import Layout
from runner.records import RunRecord
from runner.statuses import TERMINAL
from runner.store.runs import read_record
from runner.worker import timeouts

_LOOK = 0.1  # seconds


def finished(layout: Layout, record: RunRecord) -> RunRecord:
    """Return the final record of a run. One that nobody follows is finished by a process of its own."""
    run, pause = layout.run(record.experiment, record.id), threading.Event()
    if record.status not in TERMINAL and not is_followed(run):
        start_follower(run)
    seen = time.monotonic()
    while record.status not in TERMINAL and time.monotonic() - seen < timeouts.seconds("handed_over"):
        pause.wait(_LOOK)
        if is_followed(run):
            seen = time.monotonic()
        record = read_record(run.root)
    return record
