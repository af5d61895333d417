"""The summary that a sweep ends with."""

from __future__ import annotations

import sys

from runner.console.format import clean, show_duration, show_value
from runner.console.tables import Column, show_table
from runner.io.clock import seconds_between
from runner.layout import Layout
from runner.statuses import FAILED
from runner.sweeps.ranking.facts import (
    counts,
    other_metrics,
    parameter_keys,
    ranked,
    short_names,
    show_counts,
    show_goal,
    show_parameter,
    status_of,
    value_of,
)
from runner.sweeps.records import SweepRecord, TrialRecord
from runner.workspaces import option_for

_SHOWN = 10
_METRICS = 4  # columns of metrics of a sweep without an objective


def print_summary(layout: Layout, sweep: SweepRecord) -> None:
    """Print the best trials, failures with reasons, counts and the next command."""
    best = ranked(sweep)[:_SHOWN]
    if best:
        _say("", f"Best by {show_goal(sweep)}")
        print_trials(sweep, best)
    failed = [trial for trial in sweep.trials if trial.status == FAILED]
    if failed:
        _say("", "Failed")
        _say(
            *(f"  trial {trial.number}  {trial.run}  {trial.reason or 'without a reason'}" for trial in failed[:_SHOWN])
        )
        if len(failed) > _SHOWN:
            _say(f"  and {len(failed) - _SHOWN} more: vivero sweep {sweep.id}{option_for(layout.root)}")
    _say("", *_facts(layout, sweep))


def print_trials(sweep: SweepRecord, trials: list[TrialRecord], *, reasons: bool = False) -> None:
    """Print trials as a table: number, run, status, objectives (without one, some metrics) and parameters."""
    names = short_names(parameter_keys(sweep.trials))
    metrics = [objective.metric for objective in sweep.objectives] or other_metrics(sweep)[:_METRICS]
    rows = []
    for trial in trials:
        values = [value_of(trial, metric) for metric in metrics]
        rows.append(
            [
                str(trial.number),
                trial.run,
                status_of(trial),
                *("" if value is None else show_value(float(value)) for value in values),
                *(show_parameter(trial.parameters[key]) if key in trial.parameters else "" for key in names),
                *([trial.reason or ""] if reasons else []),
            ]
        )
    columns: list[Column | str] = [
        Column("TRIAL", right=True),
        Column("RUN"),
        Column("STATUS"),
        *(Column(clean(name), right=True) for name in metrics),
        *(Column(clean(name), cut=True) for name in names.values()),
        *([Column("WHY", fold=True)] if reasons else []),
    ]
    show_table(columns, rows, ids=[trial.run for trial in trials], instead=f"vivero sweep {sweep.id} --json", tell=_say)


def _facts(layout: Layout, sweep: SweepRecord) -> list[str]:
    ended = seconds_between(sweep.created, sweep.ended) if sweep.ended else None
    done = counts(sweep)
    rows = {
        "sweep": sweep.id,
        "state": sweep.state,
        "why": sweep.error or "",
        "trials": show_counts(sweep),
        "duration": show_duration(ended),
        "final run": sweep.final or "",
        "model": sweep.model or "",
        "page": str(layout.sweep(sweep.id).page) if layout.sweep(sweep.id).page.exists() else "",
        "next": f"vivero {'best' if sweep.best and done['completed'] else 'sweep'} {sweep.id}{option_for(layout.root)}",
    }
    shown = {name: value for name, value in rows.items() if value}
    width = max(map(len, shown))
    return [f"{name:<{width}}  {value}" for name, value in shown.items()]


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{clean(line)}\n" for line in lines)
