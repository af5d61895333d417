"""Sweeps as folders with a ``sweep.json`` and a journal of their trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import NotFoundError, UserError
from runner.io.clock import now
from runner.io.files import append_json_line, write_json
from runner.io.json_records import as_record, read_lines, repair_lines
from runner.io.record import FORMAT
from runner.layout import Layout, SweepLayout
from runner.store.finding import Finder, read_own, record_folders, time_of
from runner.sweeps.ranking.best import best_trials
from runner.sweeps.records import JournalLine, SweepRecord, TrialRecord

_EXAMPLE = "python -m runner -m +experiment=iris job.arguments.kernel=linear,rbf"


class SweepStore:
    """The sweeps of one workspace.

    The record is written every few seconds, and the journal whenever a trial starts or ends. Only the two together are
    current.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._repaired: set[str] = set()
        self._finder = Finder("sweep", str(SweepLayout.record), lambda: [layout.sweeps], _read, _EXAMPLE)

    def create(self, record: SweepRecord) -> None:
        """Write a new sweep's record.

        Raises
        ------
        UserError
            If the id is taken.
        """
        sweep = self.layout.sweep(record.id)
        sweep.root.mkdir(parents=True, exist_ok=True)
        if sweep.record.exists():
            raise UserError(f"Sweep {record.id} already exists")
        self.write(record)

    def write(self, record: SweepRecord) -> None:
        """Replace a sweep's record as a whole."""
        write_json(self.layout.sweep(record.id).record, record.to_json())

    def read(self, sweep_id: str) -> SweepRecord:
        """Return a sweep's record by its full id, as it was last written.

        Raises
        ------
        UserError
            If it does not exist or cannot be read.
        """
        folder = self._finder.locate(sweep_id)
        if folder is None:
            raise NotFoundError(f"No sweep matches '{sweep_id}'", self._finder.advice(sweep_id))
        return _read(folder)

    def ids(self) -> list[str]:
        """Return the ids of all sweeps, newest last."""
        return sorted((folder.name for folder in self._folders()), key=lambda sweep_id: (time_of(sweep_id), sweep_id))

    def find(self, text: str) -> SweepRecord:
        """Return the sweep that a user means by an id, a unique part of one, or ``latest``.

        Raises
        ------
        UserError
            If there is none or more than one.
        """
        return self._finder.find(text)

    def matching(self, text: str) -> list[str]:
        """Return the ids of sweeps that contain a text, newest last."""
        return self._finder.matching(text)

    def list(self) -> Iterator[SweepRecord]:
        """Yield all sweeps, newest first.

        Raises
        ------
        UserError
            If one cannot be read. To skip it, use `ids` and `read`.
        """
        yield from sorted(map(_read, self._folders()), key=lambda sweep: (sweep.created, sweep.id), reverse=True)

    def append(self, sweep_id: str, line: Mapping[str, Any]) -> None:
        """Append a change of a trial to the journal: its ``number`` and the changed fields of its record.

        Only the holder of the sweep's lock appends.
        """
        journal = self.layout.sweep(sweep_id).journal
        if sweep_id not in self._repaired:
            repair_lines(journal)
            self._repaired.add(sweep_id)
        append_json_line(journal, line)

    def replay(self, record: SweepRecord, more: Iterable[Mapping[str, Any]] = ()) -> SweepRecord:
        """Return a record with the trials in the journal, and the best of them.

        Parameters
        ----------
        more : iterable of mapping
            Further lines, applied after those of the journal.

        Raises
        ------
        UserError
            If the journal is damaged.
        """
        journal = self.layout.sweep(record.id).journal
        changes: dict[int, dict[str, Any]] = {}
        trials = {trial.number: trial for trial in record.trials}
        for line in (*read_lines(journal, JournalLine, whole=True), *more):
            changes.setdefault(line["number"], {}).update(line)
        for number, changed in changes.items():
            before = trials[number].to_json() if number in trials else {"run": ""}
            trials[number] = as_record({**before, **changed}, TrialRecord, journal)
        if not changes:
            return record
        ordered = tuple(trials[number] for number in sorted(trials))
        return dataclasses.replace(record, trials=ordered, best=best_trials(record.objectives, ordered))

    def _folders(self) -> Iterator[Path]:
        yield from record_folders(self.layout.sweeps, str(SweepLayout.record))


def _read(folder: Path) -> SweepRecord:
    record: SweepRecord = read_own(SweepLayout(folder).record, SweepRecord)
    return record


def request_cancel(layout: Layout, sweep_id: str) -> None:
    """Write the file that asks a sweep to end."""
    write_json(layout.sweep(sweep_id).cancel, {"format": FORMAT, "by": f"vivero cancel at {now()}"})
