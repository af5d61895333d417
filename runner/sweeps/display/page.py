"""``sweep.html``: a sweep as a self-contained page that needs no network or server."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from runner.charts.columns import axis, is_log, place
from runner.charts.document import document
from runner.console.format import clean, show_duration, show_time
from runner.io.clock import seconds_between
from runner.io.files import write_text
from runner.statuses import FAILED
from runner.sweeps.ranking.facts import (
    best_of,
    command_line,
    other_metrics,
    parameter_keys,
    short_names,
    show_counts,
    show_parameter,
    show_parameters,
    show_values,
    status_of,
    value_of,
)
from runner.sweeps.records import SweepRecord, TrialRecord

_METRICS = 20  # columns of metrics that are not objectives


def write_page(record: SweepRecord, path: Path) -> None:
    """Write a sweep's page.

    It has the same charts as the studio's page. Names that come from a script or a user are data or escaped, never
    markup.
    """
    write_text(path, document(f"Sweep {record.id}", page_head(record), "sweep_page", page_data(record)))


def page_head(record: SweepRecord) -> str:
    """Return the markup of a sweep's facts, and of the place for its charts."""
    facts = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in page_facts(record))
    error = f'<p class="problem">{_text(record.error)}</p>' if record.error else ""
    return (
        f'<header><h1>Sweep {_text(record.id)}</h1><dl class="facts">{facts}</dl>{error}</header>\n'
        '<noscript><p class="notice">This page needs JavaScript to draw its charts. '
        "The same data is in sweep.json beside it.</p></noscript>\n"
        '<section id="sweep"></section>'
    )


def _text(value: str) -> str:
    return html.escape(clean(value))


def page_data(record: SweepRecord) -> dict[str, Any]:
    """Return the data that `runner/charts/sweep_view.js` draws.

    Returns
    -------
    dict
        Plain data with the keys ``objectives``, ``parameters``, ``metrics``, ``best`` and ``trials``. Times are in
        seconds, ``from`` and ``to`` of a trial since the sweep was created.
    """
    keys = parameter_keys(record.trials)
    names = short_names(keys)
    axes = [_parameter(record, key, names[key]) for key in keys]
    metrics = other_metrics(record)[:_METRICS]
    return {
        "objectives": [
            {
                "name": objective.metric,
                "goal": objective.goal,
                "log": is_log([value_of(t, objective.metric) for t in record.trials]),
            }
            for objective in record.objectives
        ],
        "parameters": axes,
        "metrics": [clean(name) for name in metrics],
        "best": [
            {
                "number": trial.number,
                "run": trial.run,
                "values": show_values(record, trial),
                "parameters": show_parameters(trial, names),
                "command": command_line(record, trial),
            }
            for trial in best_of(record)
        ],
        "trials": [_trial(record, trial, axes, metrics) for trial in record.trials],
    }


def page_facts(record: SweepRecord) -> list[tuple[str, str]]:
    """Return the facts about a sweep to show above its charts."""
    ended = seconds_between(record.created, record.ended) if record.ended else None
    rows = [
        ("experiment", record.experiment),
        ("state", record.state),
        ("trials", show_counts(record)),
        ("search", f"{record.search}, {record.slots} at a time"),
        ("began", show_time(record.created)),
        ("duration", show_duration(ended)),
        ("final run", record.final or ""),
        ("model", record.model or ""),
    ]
    return [(name, value) for name, value in rows if value]


def _parameter(record: SweepRecord, key: str, name: str) -> dict[str, Any]:
    known = [trial.parameters[key] for trial in record.trials if key in trial.parameters]
    return axis(name, key, known, show_parameter)


def _trial(record: SweepRecord, trial: TrialRecord, axes: list[dict[str, Any]], metrics: list[str]) -> dict[str, Any]:
    status = status_of(trial)
    begun = seconds_between(record.created, trial.started) if trial.started else None
    took = seconds_between(trial.started, trial.ended) if trial.started and trial.ended else None
    return {
        "n": trial.number,
        "run": trial.run,
        "status": status,
        "why": trial.reason if status == FAILED else None,
        "seconds": took,
        "from": begun,
        "to": begun + took if begun is not None and took is not None else None,
        "y": [value_of(trial, objective.metric) for objective in record.objectives],
        "metrics": [value_of(trial, name) for name in metrics],
        "x": [
            place(trial.parameters[scale["key"]], scale, show_parameter) if scale["key"] in trial.parameters else None
            for scale in axes
        ],
    }
