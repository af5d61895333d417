"""``sweep.json``: the record of a sweep. Each trial is a run with its own record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.field_types import Name, Time
from runner.io.record import FORMAT, Record, frozen_record
from runner.statuses import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING

MAXIMIZE, MINIMIZE = "maximize", "minimize"
GOALS = (MAXIMIZE, MINIMIZE)
STATES = (RUNNING, COMPLETED, FAILED, CANCELED)
EARLY = "early termination"  # the reason of a trial that was stopped early


@frozen_record
class Objective(Record):
    """A metric to optimize. `goal` is maximize or minimize."""

    metric: str
    goal: str = MAXIMIZE


@frozen_record
class TrialRecord(Record):
    """One trial.

    Parameters
    ----------
    number : int
        Counted from 0 in the order in which trials start.
    run : str
        The id of its run.
    parameters : mapping
        The parameters, by key of the composition: ``job.arguments.kernel``, or a group such as ``environment``.
    overrides : tuple of str
        The same as Hydra overrides, which repeat the trial.
    status : str
        A run's status.
    reason : str or None
        Why it is not completed; ``early termination`` if a policy stopped it.
    metrics : mapping
        Each scalar metric's last value.
    attempt : int
        Counted from 1; above 1 for a trial that was repeated.
    """

    number: int
    run: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    status: str = QUEUED
    reason: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    started: Time | None = None
    ended: Time | None = None
    attempt: int = 1


@frozen_record
class SweepRecord(Record):
    """One sweep.

    Parameters
    ----------
    state : str
        running, completed, failed (the sweep or any trial) or canceled.
    search : str
        grid, random, sobol or bayesian; ``list`` for Hydra's own sweepers.
    command : tuple of str
        The typed words that all trials share: switches for configuration folders, then overrides.
    arguments : tuple of str
        All words as typed, with which the sweep can be resumed.
    config : mapping
        The shared composition, with interpolations as written and secrets masked.
    space : mapping
        The values of each parameter, as plain data.
    assets : mapping
        The version that each reference to a data asset means: ``iris:2`` for ``iris@golden``.
    objectives : tuple of Objective
        If empty, no trial is best.
    policy : mapping
        The early termination, as configured.
    total : int or None
        The total number of trials, if known.
    slots : int
        Concurrent trials.
    best : tuple of int
        Numbers of the best trials: one, or the Pareto front of several objectives.
    model : str or None
        ``NAME:VERSION`` of the model registered for the best trial.
    final : str or None
        The run that trained the best trial's declared estimator on all training rows.
    """

    format: int = FORMAT
    id: Name
    experiment: Name
    state: str
    created: Time
    ended: Time | None = None
    search: str = "grid"
    command: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Any] = field(default_factory=dict)
    assets: Mapping[str, str] = field(default_factory=dict)
    objectives: tuple[Objective, ...] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    slots: int = 1
    trials: tuple[TrialRecord, ...] = ()
    best: tuple[int, ...] = ()
    model: str | None = None
    final: str | None = None
    error: str | None = None


@frozen_record
class JournalLine(Record):
    """A line of ``trials.jsonl``: the number of a trial and the changed fields of its record."""

    number: int
