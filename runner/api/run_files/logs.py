"""Follows the log of a run until the run has ended."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from runner.api.run_files.listed import log_files
from runner.api.runs.find import looked_at
from runner.errors import NotFoundError, nearest
from runner.io.json_records import open_regular
from runner.layout import Layout, RunLayout
from runner.records import RunRecord
from runner.statuses import TERMINAL
from runner.worker import timeouts

_BLOCK = 1 << 16
_PAUSE = 0.2


class Watch:
    """Tells when a run has been without a controller or worker for longer than handing it over takes."""

    def __init__(self) -> None:
        self._since: float | None = None

    def is_abandoned(self, followed: bool) -> bool:
        """Return whether nobody will end the run, given whether it is followed now."""
        self._since = None if followed else self._since or time.monotonic()
        return self._since is not None and time.monotonic() - self._since > timeouts.seconds("handed_over")


def locate(layout: Layout, record: RunRecord, name: str) -> Path | None:
    """Return a log's path, or None if it may still appear. Only listed logs are opened, so a name cannot be a path.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    logs = log_files(layout.run(record.experiment, record.id))
    if name in logs:
        return logs[name]
    if name == RunLayout.log.name:
        return None
    raise NotFoundError(f"Run {record.id} has no log '{name}'", nearest(name, logs))


def read_all(path: Path) -> Iterator[bytes]:
    """Yield the content of a log."""
    with open_regular(path, sys.maxsize) as file:
        while block := file.read(_BLOCK):
            yield block


def follow(
    layout: Layout, record: RunRecord, name: str, abandoned: Callable[[], None] = lambda: None
) -> Iterator[bytes]:
    """Yield a log as it grows. Checks whether the run has ended before each read, so that no output is missed.

    `abandoned` is called if nobody will end the run.
    """
    opened: BinaryIO | None = None
    watch = Watch()
    try:
        while True:
            ended = record.status in TERMINAL
            if opened is None and (path := locate(layout, record, name)) is not None:
                opened = open_regular(path, sys.maxsize)
            if opened is not None:
                yield from _new(opened)
            if ended:
                return
            time.sleep(_PAUSE)
            record, followed = looked_at(layout, record)
            if watch.is_abandoned(followed):
                abandoned()
                return
    finally:
        if opened is not None:
            opened.close()


def _new(file: BinaryIO) -> Iterator[bytes]:
    position = file.tell()
    # A log that the script truncated is read from the start.
    file.seek(position if file.seek(0, os.SEEK_END) >= position else 0)
    while block := file.read(_BLOCK):
        yield block
