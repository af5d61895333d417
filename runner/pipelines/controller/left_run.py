"""Waits for the run of a step whose controller was killed."""

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
    """Wait for a run and return its record. A run without a controller gets a process that finishes it.

    Gives up if the run has no controller for longer than the timeout ``handed_over``. The record is then not final.
    """
    run, pause = layout.run(record.experiment, record.id), threading.Event()
    if record.status not in TERMINAL and not is_followed(run):
        start_follower(run)
    last_followed = time.monotonic()
    while record.status not in TERMINAL and time.monotonic() - last_followed < timeouts.seconds("handed_over"):
        pause.wait(_LOOK)
        if is_followed(run):
            last_followed = time.monotonic()
        record = read_record(run.root)
    return record
