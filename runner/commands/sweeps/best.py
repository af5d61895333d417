"""``vivero best``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, facts, say, section

if TYPE_CHECKING:
    from runner.api.sweeps.sweep import Sweep
    from runner.sweeps.records import TrialRecord


@click.command()
@click.argument("sweep")
@global_options
def best(sweep: str) -> None:
    """Show the best trial of a sweep and how to repeat it. With several objectives, show the Pareto front."""
    from runner.api.sweeps.state import trial_json

    swept = opened().sweep(sweep)
    record, best_trials = swept.record, swept.best_trials()
    if wants_json():
        trials = [{**trial_json(record, trial), "model": swept.model_of(trial)} for trial in best_trials]
        emit_json({"sweep": record.id, "best": trials, "model": record.model})
        return
    for number, trial in enumerate(best_trials):
        if number:
            section(f"Also best: trial {trial.number}")
        _print(swept, trial)


def _print(sweep: Sweep, trial: TrialRecord) -> None:
    from runner.sweeps.ranking.facts import command_line, show_parameter, show_values

    record = sweep.record
    facts(
        {
            "trial": trial.number,
            "run": trial.run,
            "objective": show_values(record, trial),
            "model": sweep.model_of(trial),
        }
    )
    if trial.parameters:
        section("Parameters")
        facts({key: show_parameter(value) for key, value in trial.parameters.items()}, indent=2)
    section("Run it again")
    say(f"  {command_line(record, trial)}")
