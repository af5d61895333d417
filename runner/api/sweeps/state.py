"""The state of a sweep, whose controller may have died."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.api.find import find_record
from runner.errors import UserError, storage_error

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.sweeps.records import Objective, SweepRecord, TrialRecord
    from runner.sweeps.store import SweepStore

INTERRUPTED = "interrupted"  # displayed but never recorded, because the sweep can be resumed


def sweep_store(layout: Layout) -> SweepStore:
    """Return the sweeps of a workspace."""
    from runner.sweeps.store import SweepStore

    return SweepStore(layout)


def find_sweep(layout: Layout, text: str) -> SweepRecord:
    """Return the sweep that a user means, up to date.

    Raises
    ------
    UserError
        If it does not exist, with a hint if it is a run.
    """
    from runner.store.runs import FileRunStore

    record = find_record(
        text, sweep_store(layout), lambda: FileRunStore(layout),
        lambda run: (f"{run} is a run, not a sweep", f"See: vivero show {run}"),
    )  # fmt: skip
    return up_to_date(layout, record)


def is_minded(layout: Layout, record: SweepRecord) -> bool:
    """Return whether the sweep has a controller."""
    from runner.io.locks import is_locked

    return is_locked(layout.sweep(record.id).lock)


def state_of(layout: Layout, record: SweepRecord) -> str:
    """Return the sweep's state, ``interrupted`` if it should be running but has no controller."""
    from runner.statuses import RUNNING

    return INTERRUPTED if record.state == RUNNING and not is_minded(layout, record) else record.state


def up_to_date(layout: Layout, record: SweepRecord) -> SweepRecord:
    """Return a sweep with the current state of its trials.

    With a controller, that is the journal's. Without one, the trials' own records are read too, and the result is
    recorded for the next reader.
    """
    from runner.statuses import RUNNING, TERMINAL

    open_ = [trial for trial in record.trials if trial.status not in TERMINAL]
    if record.state != RUNNING and not open_:
        return record
    store = sweep_store(layout)
    record = store.replay(record)
    if is_minded(layout, record):
        return record
    trials = _settled(layout, record)
    return _note(layout, record, trials) if trials else record


def left(layout: Layout, record: SweepRecord) -> list[str]:
    """Return the runs of trials that have neither ended nor a controller or worker."""
    from runner.execution.control import is_followed
    from runner.statuses import TERMINAL
    from runner.store.runs import locate

    places = {trial.run: locate(layout, trial.run) for trial in record.trials if trial.status not in TERMINAL}
    return [run for run, place in places.items() if place is not None and not is_followed(place)]


def _settled(layout: Layout, record: SweepRecord) -> list[TrialRecord]:
    """Return the trials that have ended, but that the sweep has not recorded as ended."""
    from runner.statuses import TERMINAL

    outcomes = (_outcome(layout, trial, record.objectives) for trial in record.trials if trial.status not in TERMINAL)
    return [trial for trial in outcomes if trial is not None]


def _outcome(layout: Layout, trial: TrialRecord, objectives: Sequence[Objective]) -> TrialRecord | None:
    from runner.api.runs.find import looked_at
    from runner.console.notes import note
    from runner.statuses import TERMINAL
    from runner.store.runs import FileRunStore, locate
    from runner.sweeps.controller.results import never_begun, settled

    if locate(layout, trial.run) is None:
        return never_begun(trial)
    try:
        run, _ = looked_at(layout, FileRunStore(layout).read(trial.run))
    except (UserError, OSError) as error:  # a bad record must not hide the sweep
        note(f"warning: trial {trial.number}: {storage_error(error) or error}")
        return None
    return settled(layout, trial, run, objectives) if run.status in TERMINAL else None


def _note(layout: Layout, record: SweepRecord, trials: list[TrialRecord]) -> SweepRecord:
    """Record the outcome, unless the workspace is another user's or a controller has resumed the sweep."""
    from runner.access import ownership
    from runner.io.locks import locked

    store, changes = sweep_store(layout), [trial.to_json() for trial in trials]
    if not ownership.is_trusted(layout.root):  # writing to a link would write to its target
        return store.replay(record, changes)
    with locked(layout.sweep(record.id).lock, blocking=False) as held:
        fresh = store.replay(store.read(record.id))
        if not held:
            return fresh
        for change in changes:
            store.append(record.id, change)
        fresh = store.replay(fresh)
        store.write(fresh)
    return fresh


def trial_json(record: SweepRecord, trial: TrialRecord) -> Mapping[str, Any]:
    """Return a trial for output: its record, its objectives' values, and how to repeat it."""
    from runner.sweeps.ranking.facts import command_line, value_of

    values = {objective.metric: value_of(trial, objective.metric) for objective in record.objectives}
    return {**trial.to_json(), "values": values, "command": command_line(record, trial)}


def close(layout: Layout, record: SweepRecord) -> SweepRecord:
    """Record that a sweep without a controller is canceled.

    Raises
    ------
    UserError
        If a controller has resumed it meanwhile.
    """
    from runner.io.clock import now
    from runner.io.locks import locked
    from runner.statuses import CANCELED

    store = sweep_store(layout)
    with locked(layout.sweep(record.id).lock, blocking=False) as held:
        if not held:
            raise UserError(f"Sweep {record.id} has just been resumed", "Cancel it again")
        canceled = dataclasses.replace(store.replay(store.read(record.id)), state=CANCELED, ended=now())
        store.write(canceled)
    return canceled
