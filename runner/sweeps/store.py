"""Sweeps as folders with a ``sweep.json``, and beside it a journal of what happened to their trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.io.clock import now
from runner.io.files import append_json_line, write_json
from runner.io.json_records import as_record, mend_lines, read_lines
from runner.io.record import FORMAT
from runner.layout import Layout, SweepLayout
from runner.store.finding import latest, meant, read_own, record_folders, time_of
from runner.sweeps.ranking.best import best_trials
from runner.sweeps.records import JournalLine, SweepRecord, TrialRecord


class SweepStore:
    """The sweeps of one workspace.

    The record is written now and then, the journal at each begin and end of a trial: the two together are the truth.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._mended: set[str] = set()

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
            If there is none, or it cannot be read.
        """
        return self._read(meant(sweep_id, [one for one in self.ids() if one == sweep_id], "sweep"))

    def ids(self) -> list[str]:
        """Return the ids of all sweeps, newest last."""
        return sorted((folder.name for folder in self._folders()), key=lambda one: (time_of(one), one))

    def find(self, text: str) -> SweepRecord:
        """Return the sweep that a user means: its id, a part only it has, or ``latest``.

        Raises
        ------
        UserError
            If there is none or more than one.
        """
        ids = self.ids()
        if not ids:
            raise UserError(
                "This workspace has no sweeps",
                "Start one: python -m runner -m +experiment=iris job.arguments.kernel=linear,rbf",
            )
        return latest(ids, self._read) if text == "latest" else self._read(meant(text, ids, "sweep"))

    def list(self) -> Iterator[SweepRecord]:
        """Yield all sweeps, newest first.

        Raises
        ------
        UserError
            At one that cannot be read; `ids` and `read` go around it.
        """
        yield from sorted(map(self._read, self.ids()), key=lambda one: (one.created, one.id), reverse=True)

    def append(self, sweep_id: str, line: Mapping[str, Any]) -> None:
        """Note in the journal what changed of a trial: its ``number`` and the fields of its record.

        Only who holds the sweep's lock appends.
        """
        journal = self.layout.sweep(sweep_id).journal
        if sweep_id not in self._mended:
            mend_lines(journal)
            self._mended.add(sweep_id)
        append_json_line(journal, line)

    def replay(self, record: SweepRecord, more: Iterable[Mapping[str, Any]] = ()) -> SweepRecord:
        """Return a record with its trials as the journal has them, and with what is best of these.

        Parameters
        ----------
        more : iterable of mapping
            Lines that the journal could have.

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

    def _read(self, sweep_id: str) -> SweepRecord:
        record: SweepRecord = read_own(self.layout.sweep(sweep_id).record, SweepRecord)
        return record

    def _folders(self) -> Iterator[Path]:
        yield from record_folders(self.layout.sweeps, str(SweepLayout.record))


def request_cancel(layout: Layout, sweep_id: str) -> None:
    """Leave the mark that asks for a sweep's end."""
    write_json(layout.sweep(sweep_id).cancel, {"format": FORMAT, "by": f"vivero cancel at {now()}"})
