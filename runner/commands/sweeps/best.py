"""``vivero best``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, run_store, wants_json, workspace
from runner.commands.output import emit_json, facts, say, section
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.sweeps.records import SweepRecord, TrialRecord


@click.command()
@click.argument("sweep")
@global_options
def best(sweep: str) -> None:
    """Show the best trial of a sweep and how to repeat it. With several objectives, show the Pareto front."""
    from runner.commands.sweeps.state import find_sweep, trial_json
    from runner.sweeps.ranking.facts import best_of

    layout = workspace()
    record = find_sweep(layout, sweep)
    found = best_of(record)
    if not found:
        raise UserError(f"Sweep {record.id} has no best trial: {_why(record)}", f"See: vivero sweep {record.id}")
    if wants_json():
        trials = [{**trial_json(record, one), "model": _model(layout, record, one)} for one in found]
        emit_json({"sweep": record.id, "best": trials, "model": record.model})
        return
    for number, trial in enumerate(found):
        if number:
            section(f"Also best: trial {trial.number}")
        _print(layout, record, trial)


def _why(record: SweepRecord) -> str:
    if not record.objectives:
        return "it has no objective (sweep.objective)"
    names = " and ".join(one.metric for one in record.objectives)
    return f"no completed trial has a value of {names}"


def _print(layout: Layout, record: SweepRecord, trial: TrialRecord) -> None:
    from runner.sweeps.ranking.facts import command_line, show_tried, show_values

    facts(
        {
            "trial": trial.number,
            "run": trial.run,
            "objective": show_values(record, trial),
            "model": _model(layout, record, trial),
        }
    )
    if trial.parameters:
        section("Parameters")
        facts({key: show_tried(value) for key, value in trial.parameters.items()}, indent=2)
    section("Run it again")
    say(f"  {command_line(record, trial)}")


def _model(layout: Layout, record: SweepRecord, trial: TrialRecord) -> str | None:
    """Return the version registered from a trial: the sweep's for the best, otherwise the run's own."""
    if record.model and trial.number == record.best[0]:
        return record.model
    try:
        made = run_store(layout).read(trial.run).register
    except UserError:  # the run was deleted
        return None
    return f"{made.model}:{made.version}" if made else None
