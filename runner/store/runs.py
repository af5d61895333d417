"""Runs as folders with a ``run.json``."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from runner.errors import NotFoundError, UserError
from runner.io.files import write_text
from runner.io.record import Encoder
from runner.io.removal import remove
from runner.layout import Layout, RunLayout
from runner.records import RunRecord
from runner.statuses import TERMINAL
from runner.store.finding import Finder, entries, read_own, record_folders, time_of

_EXAMPLE = "python -m runner +experiment=iris"


class FileRunStore:
    """The runs of one workspace."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._written: RunRecord | None = None
        self._encoder = Encoder()  # of the run that this process writes
        self._finder = _finder(layout)

    def create(self, record: RunRecord) -> None:
        """Write a new run's record.

        Raises
        ------
        UserError
            If the id is taken.
        """
        run = self.layout.run(record.experiment, record.id)
        run.root.mkdir(parents=True, exist_ok=True)
        if run.record.exists():
            raise UserError(f"Run {record.id} already exists")
        self.write(record)

    def write(self, record: RunRecord) -> None:
        """Replace a run's record as a whole, unless it equals what this process wrote last."""
        if record != self._written:
            write_text(self.layout.run(record.experiment, record.id).record, self._encoder.encode(record) + "\n")
            self._written = record

    def read(self, run_id: str) -> RunRecord:
        """Return a run's record by its full id.

        Raises
        ------
        UserError
            If it does not exist or cannot be read.
        """
        run = locate(self.layout, run_id)
        if run is not None:
            return read_record(run.root)
        raise NotFoundError(f"Run {run_id} does not exist", self._finder.advice(run_id))

    def ids(self) -> list[str]:
        """Return the ids of all runs, newest last."""
        return sorted((folder.name for folder in self._folders()), key=time_of)

    def experiments(self) -> list[str]:
        """Return the names of experiments that have a run, sorted."""
        return sorted(
            group.name
            for group in _groups(self.layout)
            if any(True for _ in record_folders(group, str(RunLayout.record)))
        )

    def find(self, text: str) -> RunRecord:
        """Return the run that a user means by an id, a unique part of one, or ``latest``.

        Raises
        ------
        UserError
            If there is none or more than one.
        """
        return self._finder.find(text)

    def matching(self, text: str) -> list[str]:
        """Return the ids of runs that contain a text, newest last."""
        return self._finder.matching(text)

    def list(self, experiment: str | None = None) -> Iterator[RunRecord]:
        """Yield the runs that can be read, newest first."""
        for folder in sorted(self._folders(experiment), key=lambda folder: time_of(folder.name), reverse=True):
            try:
                yield read_record(folder)
            except UserError:
                continue  # reported by `RunIndex.unreadable`

    def delete(self, run_id: str) -> None:
        """Remove a run that has ended: hide it by a rename, then remove it file by file.

        Raises
        ------
        UserError
            If it has not ended.
        """
        record = self.read(run_id)
        if record.status not in TERMINAL:
            raise UserError(f"Run {run_id} is {record.status}", f"Cancel it first: vivero cancel {run_id}")
        root = self.layout.run(record.experiment, record.id).root
        remove(self.layout.root, root)

    def _folders(self, experiment: str | None = None) -> Iterator[Path]:
        for group in _groups(self.layout):
            if experiment is None or group.name == experiment:
                yield from record_folders(group, str(RunLayout.record))


def locate(layout: Layout, run_id: str) -> RunLayout | None:
    """Return the folder of a run of any experiment, or None."""
    folder = _finder(layout).locate(run_id)
    return RunLayout(folder) if folder is not None else None


def _finder(layout: Layout) -> Finder[RunRecord]:
    return Finder("run", str(RunLayout.record), lambda: _groups(layout), read_record, _EXAMPLE)


def _groups(layout: Layout) -> list[Path]:
    """Return the folders of experiments."""
    return [Path(entry.path) for entry in entries(layout.runs)]


def read_record(folder: Path) -> RunRecord:
    """Return the record in a run's folder. Its id is the folder's name, whatever the file says.

    Raises
    ------
    UserError
        If it is missing, damaged or of a later format.
    """
    record: RunRecord = read_own(RunLayout(folder).record, RunRecord)
    if record.experiment != folder.parent.name:
        record = dataclasses.replace(record, experiment=folder.parent.name)
    return record
