"""``vivero sweeps``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, note, show_table, show_time
from runner.errors import UserError, storage_error

if TYPE_CHECKING:
    from runner.layout import Layout


@click.command()
@global_options
def sweeps() -> None:
    """List sweeps, newest first."""
    from runner.commands.sweeps.state import sweep_store

    layout = workspace()
    rows = []
    for sweep_id in sweep_store(layout).ids():
        try:
            rows.append(_row(layout, sweep_id))
        except (UserError, OSError) as error:  # one bad record must not hide the others
            note(f"warning: {storage_error(error) or error}")
    rows.sort(key=lambda row: (row["created"], row["id"]), reverse=True)
    if wants_json():
        emit_json([{name: value for name, value in row.items() if name != "shown"} for row in rows])
    elif rows:
        _print(rows)
    else:
        note("No sweeps yet")


def _row(layout: Layout, sweep_id: str) -> dict[str, Any]:
    from runner.commands.sweeps.state import state_of, sweep_store, trial_json, up_to_date
    from runner.sweeps.ranking.facts import best_of, counts, show_counts, show_values

    record = up_to_date(layout, sweep_store(layout).read(sweep_id))
    best = best_of(record)
    more = f" and {len(best) - 1} more" if len(best) > 1 else ""
    return {
        "id": record.id,
        "experiment": record.experiment,
        "state": state_of(layout, record),
        "counts": counts(record),
        "total": record.total,
        "best": [trial_json(record, trial) for trial in best],
        "model": record.model,
        "created": record.created,
        "ended": record.ended,
        "error": record.error,
        "shown": {"counts": show_counts(record), "best": show_values(record, best[0]) + more if best else ""},
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from runner.console.tables import Column

    table = [
        [row["id"], row["state"], row["shown"]["counts"], row["shown"]["best"], show_time(row["created"])]
        for row in rows
    ]
    created = Column("CREATED", optional=1)
    columns: list[Column | str] = ["SWEEP", "STATE", Column("TRIALS", cut=True), Column("BEST", cut=True), created]
    show_table(columns, table, ids=[row["id"] for row in rows])
