"""Resumes a sweep whose controller has ended: reads how trials ended and repeats missing and failed ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from runner.layout import Layout
from runner.records import RunRecord
from runner.statuses import COMPLETED, FAILED, TERMINAL
from runner.store.runs import FileRunStore
from runner.sweeps.controller.conductor import values_of
from runner.sweeps.controller.results import never_begun, settled
from runner.sweeps.ports import Search
from runner.sweeps.records import EARLY, Objective, SweepRecord, TrialRecord
from runner.sweeps.store import SweepStore

Finished = Callable[[Layout, RunRecord], RunRecord]


def resumed(
    layout: Layout, store: SweepStore, sweep: SweepRecord, search: Search, finished: Finished
) -> tuple[SweepRecord, tuple[TrialRecord, ...]]:
    """Return the sweep's current state and the trials to repeat; report the others to the search.

    Waits for trials whose worker is still running, because their results count.
    """
    sweep = store.replay(sweep)
    in_order = sorted(sweep.trials, key=lambda trial: trial.number)
    trials = tuple(_true(layout, trial, sweep.objectives, finished) for trial in in_order)
    for before, now in zip(in_order, trials, strict=True):
        if now != before:
            store.append(sweep.id, now.to_json())
    sweep = dataclasses.replace(sweep, trials=trials, ended=None, error=None)
    again = tuple(trial for trial in trials if trial.status != COMPLETED and trial.reason != EARLY)
    for trial in trials:
        if trial not in again:
            search.tell(trial, values_of(sweep, trial))
    return sweep, again


def _true(layout: Layout, trial: TrialRecord, objectives: Sequence[Objective], finished: Finished) -> TrialRecord:
    if trial.status in TERMINAL:
        return trial
    runs = FileRunStore(layout)
    if trial.run not in runs.ids():
        return never_begun(trial)
    record = finished(layout, runs.read(trial.run))
    outcome = settled(layout, trial, record, objectives)
    return outcome if outcome.status in TERMINAL else dataclasses.replace(outcome, status=FAILED)
