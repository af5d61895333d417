"""``sweep.json``: everything known of one sweep. Each trial is a run with a record of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from runner.io.record import FORMAT, Name, Record, Time, frozen_record
from runner.statuses import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING

MAXIMIZE, MINIMIZE = "maximize", "minimize"
GOALS = (MAXIMIZE, MINIMIZE)
STATES = (RUNNING, COMPLETED, FAILED, CANCELED)
EARLY = "early termination"  # the reason of a trial that a policy stopped


@frozen_record
class Objective(Record):
    """A metric that is to become as large or as small as it can. `goal` is maximize or minimize."""

    metric: str
    goal: str = MAXIMIZE


@frozen_record
class TrialRecord(Record):
    """One trial.

    Parameters
    ----------
    number : int
        From 0, in the order in which they began.
    run : str
        The id of its run.
    parameters : mapping
        What was tried, by the key of the composition: ``job.arguments.kernel``, or a group such as ``environment``.
    overrides : tuple of str
        The same as Hydra's words, which give the trial again.
    status : str
        A run's status.
    reason : str or None
        Why it is not completed; ``early termination`` where a policy stopped it.
    metrics : mapping
        Each scalar metric's last value.
    attempt : int
        From 1; a trial that failed and was tried again has more than one.
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
        running, completed, failed (some trial has, or the sweep itself) or canceled.
    search : str
        grid, random, sobol or bayesian; ``list`` where Hydra's own sweeper made the list.
    command : tuple of str
        What every trial shares of what was typed: where its files are, then the words.
    arguments : tuple of str
        All words, as typed: with them it can be taken up again.
    config : mapping
        The composition that every trial starts from, resolved.
    space : mapping
        What each parameter may be, as plain data.
    objectives : tuple of Objective
        None: nothing is best.
    policy : mapping
        The early termination, as configured.
    total : int or None
        Trials that there will be, where that is known.
    slots : int
        Trials at the same time.
    best : tuple of int
        Numbers of the best trials: one, or the Pareto front of several objectives.
    model : str or None
        ``NAME:VERSION`` of the model that was registered for the best trial.
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
    objectives: tuple[Objective, ...] = ()
    policy: Mapping[str, Any] = field(default_factory=dict)
    total: int | None = None
    slots: int = 1
    trials: tuple[TrialRecord, ...] = ()
    best: tuple[int, ...] = ()
    model: str | None = None
    error: str | None = None


@frozen_record
class JournalLine(Record):
    """A line of ``trials.jsonl``: the number of a trial and what changed of it, fields of its record."""

    number: int
