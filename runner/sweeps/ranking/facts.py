"""Facts about a sweep for every display: counts, values, short names, the command that repeats a trial."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from runner.console.format import show_value
from runner.statuses import COMPLETED, FAILED, TERMINAL
from runner.sweeps.records import EARLY, MINIMIZE, SweepRecord, TrialRecord

STOPPED = "stopped early"


def counts(sweep: SweepRecord) -> dict[str, int]:
    """Return the number of trials by ``running``, ``completed``, ``failed``, ``stopped early``, ``canceled``, ``left``.

    A queued trial counts as running. ``left`` is 0 if the total is unknown.
    """
    tally = dict.fromkeys(("running", COMPLETED, FAILED, STOPPED, "canceled", "left"), 0)
    for trial in sweep.trials:
        word = status_of(trial)
        tally[word if word in tally else "running"] += 1
    tally["left"] = max(0, sweep.total - len(sweep.trials)) if sweep.total is not None else 0
    return tally


def show_counts(sweep: SweepRecord) -> str:
    """Return the counts that are not zero as ``2 running, 37 completed, 1 failed``."""
    return ", ".join(f"{number} {word}" for word, number in counts(sweep).items() if number) or "no trials"


def status_of(trial: TrialRecord) -> str:
    """Return a trial's status, with a separate word for trials stopped early."""
    stopped = trial.status in TERMINAL and trial.status != COMPLETED and trial.reason == EARLY
    return STOPPED if stopped else trial.status


def value_of(trial: TrialRecord, metric: str) -> float | None:
    """Return a trial's metric if it is a finite number, otherwise None."""
    value = trial.metrics.get(metric)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # a whole number too large for a float
        return None


def other_metrics(sweep: SweepRecord) -> list[str]:
    """Return the names of numeric metrics that are not objectives, those of the most trials first."""
    objectives = {objective.metric for objective in sweep.objectives}
    known = (name for trial in sweep.trials for name in trial.metrics if value_of(trial, name) is not None)
    many = Counter(name for name in known if name not in objectives)
    return sorted(many, key=lambda name: (-many[name], name))


def show_values(sweep: SweepRecord, trial: TrialRecord) -> str:
    """Return a trial's objectives as ``Accuracy=0.97``."""
    values = {objective.metric: value_of(trial, objective.metric) for objective in sweep.objectives}
    return " ".join(f"{metric}={show_value(float(value))}" for metric, value in values.items() if value is not None)


def parameter_keys(trials: Iterable[TrialRecord]) -> list[str]:
    """Return the keys of all parameters, in order of first appearance."""
    return list(dict.fromkeys(key for trial in trials for key in trial.parameters))


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """Return the shortest unique ending of each key, in whole words."""
    keys = list(keys)
    return {key: next(suffix for suffix in _suffixes(key) if _is_alone(suffix, key, keys)) for key in keys}


def _suffixes(key: str) -> list[str]:
    words = key.split(".")
    return [".".join(words[-count:]) for count in range(1, len(words) + 1)]


def _is_alone(ending: str, key: str, keys: list[str]) -> bool:
    return ending == key or not any(other != key and f".{other}".endswith(f".{ending}") for other in keys)


def show_parameters(trial: TrialRecord, names: Mapping[str, str] | None = None) -> str:
    """Return a trial's parameters as ``kernel=rbf penalty=0.5``."""
    names = short_names(trial.parameters) if names is None else names
    return " ".join(f"{names.get(key, key)}={show_parameter(value)}" for key, value in trial.parameters.items())


def show_parameter(value: Any) -> str:
    """Return a parameter's value as text. Null is a value, too."""
    return "null" if value is None else show_value(value)


def best_of(sweep: SweepRecord) -> list[TrialRecord]:
    """Return the best trial, or the Pareto front."""
    trials = {trial.number: trial for trial in sweep.trials}
    return [trials[number] for number in sweep.best if number in trials]


def ranked(sweep: SweepRecord) -> list[TrialRecord]:
    """Return the trials with a value of the first objective: the best, then completed ones, each by that value."""
    if not sweep.objectives:
        return []
    first = sweep.objectives[0]
    sign = 1 if first.goal == MINIMIZE else -1
    having = [trial for trial in sweep.trials if value_of(trial, first.metric) is not None]
    front = set(sweep.best)

    def order(trial: TrialRecord) -> tuple[bool, bool, float]:
        value = value_of(trial, first.metric)
        return trial.number not in front, trial.status != COMPLETED, sign * (value if value is not None else 0.0)

    return sorted(having, key=order)


def show_goal(sweep: SweepRecord) -> str:
    """Return the objectives as ``Accuracy (maximize)``."""
    return ", ".join(f"{objective.metric} ({objective.goal})" for objective in sweep.objectives)


def command_line(sweep: SweepRecord, trial: TrialRecord) -> str:
    """Return the command that repeats a trial as a single run."""
    shared = [word for word in sweep.command if word not in ("-m", "--multirun")]
    return shlex.join(["python", "-m", "runner", *shared, *trial.overrides])


def resume_line(sweep: SweepRecord) -> str:
    """Return the command that resumes a sweep whose controller died."""
    shared = [word for word in sweep.command if word not in ("-m", "--multirun")]
    return shlex.join(["python", "-m", "runner", "-m", *shared, f"sweep.resume={sweep.id}"])
