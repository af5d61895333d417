"""Reads metrics while the script runs: from its log and from its MLflow store.

A read error must not end hours of training. It is written to the worker's log, and to the notes if it persists.
"""

import os
import re
import time
import traceback

from .. import layout
from ..suffixes import DATABASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Mapping, Optional

    from ..job_order import JobOrder


_BLOCK = 1 << 20
_BLOCKS_A_POLL = 16  # limited, so that a flood of output does not block the worker's loop
_MLFLOW_PAUSE = 1.0
_TRACKING = re.compile(r"""set_tracking_uri\(\s*(?:uri\s*=\s*)?["']([^"'{]+)["']""")
_TRACKING_CALL = re.compile(r"set_tracking_uri\((.+)\)")


class Observer:
    """A source that is read in steps while the script runs, and to its end afterwards."""

    what = ""
    _warned = False

    def poll(self) -> None:
        """Read a limited amount."""
        try:
            self._step()
        except Exception:  # worker.log gets the first error; `finish` notes what could not be read
            if not self._warned:
                traceback.print_exc()
            self._warned = True

    def finish(self) -> "List[str]":
        """Read the rest. Return notes on what could not be read."""
        try:
            self._rest()
        except Exception as error:
            traceback.print_exc()
            return ["{} could not be read completely: {}: {}".format(self.what, type(error).__name__, error)]
        return []

    def _step(self) -> None:
        """Read what is available, in bounded time."""

    def _rest(self) -> None:
        """Read everything up to the end."""


class LogObserver(Observer):
    """Metrics that patterns find in the log."""

    what = "the metrics in the log"

    def __init__(self, run_dir: str, patterns: "Mapping[str, str]", log: int) -> None:
        from . import metrics

        self._append = metrics.append
        self._run_dir, self._log, self._offset = run_dir, log, 0
        self._patterns = metrics.LogPatterns(patterns)

    def finish(self) -> "List[str]":
        """Read the rest. Return notes on errors and on matches that are not numbers."""
        notes = super().finish()
        text = "job.metrics.{} found {!r}, which is not a number"
        notes += [text.format(name, value) for name, value in sorted(self._patterns.unread.items())]
        return notes + ["job.metrics.{} found nothing".format(name) for name in sorted(self._patterns.unmatched)]

    def _step(self) -> None:
        for _ in range(_BLOCKS_A_POLL):
            if not self._read():
                return

    def _rest(self) -> None:
        while self._read():
            continue
        self._record(self._patterns.finish())

    def _read(self) -> bool:
        block = os.pread(self._log, _BLOCK, self._offset)
        self._offset += len(block)
        if block:
            self._record(self._patterns.feed(block))
        return bool(block)

    def _record(self, values: "Any") -> None:
        for name, value in values:
            self._append(self._run_dir, name, value)


class MlflowObserver(Observer):
    """The records of MLflow."""

    what = "what MLflow recorded"

    def __init__(self, run_dir: str, order: "JobOrder", environ: "Dict[str, str]") -> None:
        self._run_dir, self._order, self._environ = run_dir, order, environ
        self._reader: "Any" = None
        self._next = 0.0
        self._began = int(time.time() * 1000)
        self._script: "Optional[str]" = None

    def _step(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _MLFLOW_PAUSE
            reader = self._open()
            if reader is not None:
                reader.poll()

    def _rest(self) -> None:
        folders = [os.path.join(self._run_dir, name) for name in (layout.WORK, layout.WORK_OUTPUTS)]
        reader = self._open(elsewhere=any(map(_may_hold_store, folders)))
        if reader is not None:
            reader.finish()

    def finish(self) -> "List[str]":
        """Read the rest. Return notes on errors and on data that MLflow recorded elsewhere."""
        text = "MLflow recorded to {}, so that data is not part of this run"
        notes = super().finish()
        addresses = self._outside_addresses()
        if not addresses and not (self._reader is not None and self._reader.has_runs):
            calls = _TRACKING_CALL.findall(self._script_text())
            addresses = [word.strip() for word in calls if not _TRACKING.search("set_tracking_uri({})".format(word))]
        return notes + [text.format(address) for address in dict.fromkeys(addresses)]

    def _outside_addresses(self) -> "List[str]":
        """Return the tracking addresses outside the run that its variables or its script name."""
        name, variables = "MLFLOW_TRACKING_URI", self._order.variables
        addresses = [str(variables.get(name, self._environ.get(name)) or ""), *_TRACKING.findall(self._script_text())]
        return [address for address in addresses if address and self._is_outside(address)]

    def _script_text(self) -> str:
        """Return the text of the scripts that the command names, as they are at the end of the run."""
        if self._script is None:
            self._script = "\n".join(self._read_scripts())
        return self._script

    def _read_scripts(self) -> "Iterator[str]":
        for word in self._order.argv:
            path = os.path.join(self._run_dir, layout.WORK, str(word))
            if str(word).endswith(".py") and os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    yield file.read()

    def _is_outside(self, address: str) -> bool:
        scheme, colon, rest = address.partition(":")
        if address == "databricks" or (colon and scheme not in ("file", "sqlite")):
            return True
        path = rest if colon else address
        if scheme == "sqlite":
            path = path[len("///") :]  # a relative path has three slashes, an absolute path four
        place = os.path.join(self._run_dir, layout.WORK, "/" + path.lstrip("/") if path.startswith("/") else path)
        return not (os.path.normpath(place) + os.sep).startswith(os.path.normpath(self._run_dir) + os.sep)

    def _open(self, elsewhere: bool = False) -> "Any":
        if self._reader is None and (elsewhere or os.path.isdir(os.path.join(self._run_dir, layout.MLFLOW))):
            from . import mlflow_store

            self._reader = mlflow_store.Reader(self._run_dir, self._began)
        return self._reader


def _may_hold_store(folder: str) -> bool:
    """Return whether a folder may contain an MLflow store. This is a quick check."""
    for entry in _entries(folder):
        if entry.name.endswith(DATABASES):
            return True
        below = _entries(entry.path) if entry.is_dir(follow_symlinks=False) else []
        if any(os.path.isfile(os.path.join(entry.path, "meta.yaml")) for entry in below if entry.is_dir()):
            return True
    return False


def _entries(folder: str) -> "List[os.DirEntry[str]]":
    """Return the entries of a folder, or none if it does not exist."""
    try:
        return list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def make(run_dir: str, order: "JobOrder", log: int, environ: "Dict[str, str]") -> "List[Observer]":
    """Return the observers for an order; `log` is a descriptor of the script's log."""
    observers: "List[Observer]" = [MlflowObserver(run_dir, order, environ)]
    if order.metrics:
        observers.append(LogObserver(run_dir, order.metrics, log))
    return observers
