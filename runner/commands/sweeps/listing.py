"""``vivero sweeps``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, note, show_table, show_time

if TYPE_CHECKING:
    from runner.api.sweeps.sweep import Sweep


@click.command()
@global_options
def sweeps() -> None:
    """List sweeps, newest first."""
    listed = opened().sweeps()
    if wants_json():
        emit_json([sweep.row for sweep in listed])
    elif listed:
        _print(listed)
    else:
        note("No sweeps yet")


def _print(listed: list[Sweep]) -> None:
    from runner.console.tables import Column
    from runner.sweeps.ranking.facts import show_counts

    table = [
        [sweep.id, sweep.state, show_counts(sweep.record), _best(sweep), show_time(sweep.created)] for sweep in listed
    ]
    created = Column("CREATED", optional=1)
    columns: list[Column | str] = ["SWEEP", "STATE", Column("TRIALS", cut=True), Column("BEST", cut=True), created]
    show_table(columns, table, ids=[sweep.id for sweep in listed])


def _best(sweep: Sweep) -> str:
    from runner.sweeps.ranking.facts import best_of, show_values

    best = best_of(sweep.record)
    more = f" and {len(best) - 1} more" if len(best) > 1 else ""
    return show_values(sweep.record, best[0]) + more if best else ""
