"""``vivero sweep``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import advise, global_options, opened, wants_json, workspace
from runner.commands.output import emit_json, facts, note, section, show_duration, show_table, show_time
from runner.console.format import show_value
from runner.console.tables import Column

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.sweeps.records import SweepRecord

_SHOWN = 50


@click.command()
@click.argument("sweep")
@global_options
def sweep(sweep: str) -> None:
    """Show the details of a sweep: its trials, the best ones, and failures with reasons."""
    from runner.api.sweeps.state import INTERRUPTED, left, trial_json

    swept = opened().sweep(sweep)
    record, state, resume, layout = swept.record, swept.state, swept.resume_command(), workspace()
    if not wants_json():
        _print(layout, record, state)
        _print_leaderboard(swept.leaderboard())
        if resume:
            note(f"Its controller has ended. Resume it: {resume}")
        elif state == INTERRUPTED:
            advise(layout, left(layout, record))
        return
    folder = layout.sweep(record.id)
    emit_json(
        {
            **record.to_json(),
            "state": state,
            "counts": swept.counts,
            "trials": [trial_json(record, trial) for trial in record.trials],
            "leaderboard": swept.leaderboard(),
            "resume": resume,
            "page": str(folder.page) if folder.page.exists() else None,
            "location": str(folder.root),
        }
    )


def _print(layout: Layout, record: SweepRecord, state: str) -> None:
    from runner.sweeps.display.summary import print_trials
    from runner.sweeps.ranking.facts import ranked

    facts(_head(layout, record, state))
    best_first = ranked(record)
    known = {trial.number for trial in best_first}
    trials = [*best_first, *(trial for trial in record.trials if trial.number not in known)]
    if trials:
        section("Trials")
        print_trials(record, trials[:_SHOWN], reasons=any(trial.reason for trial in trials[:_SHOWN]))
    if len(trials) > _SHOWN:
        note(f"and {len(trials) - _SHOWN} more: show all with --json")


def _print_leaderboard(rows: list[dict[str, Any]]) -> None:
    """Print the scores with their intervals, and which are as good as the best."""
    if len(rows) < 2:
        return
    section("Scores over the folds, with 95 % intervals")
    numbers = [Column(name, right=True) for name in ("TRIAL", "SCORE", "LOW", "HIGH")]
    columns: list[Column | str] = [numbers[0], "RUN", *numbers[1:], ""]
    table = [
        [
            str(row["trial"]),
            row["run"],
            *("" if row[key] is None else show_value(row[key]) for key in ("score", "low", "high")),
            "best" if row is rows[0] else "tied with the best" if row["tied"] else "",
        ]
        for row in rows[:_SHOWN]
    ]
    show_table(columns, table, ids=[row["run"] for row in rows[:_SHOWN]], instead="--json")


def _head(layout: Layout, record: SweepRecord, state: str) -> dict[str, Any]:
    from runner.io.clock import now, seconds_between
    from runner.sweeps.ranking.facts import best_of, show_counts, show_goal, show_parameters, show_values

    folder = layout.sweep(record.id)
    until = record.ended or (now() if state == record.state else None)  # the duration of an interrupted one is unknown
    best = best_of(record)
    return {
        "sweep": record.id,
        "state": state,
        "why": record.error,
        "experiment": record.experiment,
        "search": f"{record.search}, {record.slots} at a time",
        "objective": show_goal(record),
        "trials": show_counts(record),
        "best": f"{show_values(record, best[0])} (trial {best[0].number}) {show_parameters(best[0])}" if best else None,
        "final run": record.final,
        "model": record.model,
        "created": show_time(record.created),
        "ended": show_time(record.ended),
        "duration": show_duration(seconds_between(record.created, until)) if until else None,
        "page": str(folder.page) if folder.page.exists() else None,
        "folder": str(folder.root),
    }
