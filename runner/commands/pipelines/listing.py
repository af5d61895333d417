"""``vivero pipelines``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import advise, global_options, opened, status_word, wants_json, workspace
from runner.commands.output import emit_json, note, show_duration, show_table, show_time
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api import Run


@click.command()
@click.option("--experiment", metavar="NAME", help="Only pipelines of this experiment.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="How many to list.")
@global_options
def pipelines(experiment: str | None, limit: int) -> None:
    """List pipelines, newest first."""
    runs = opened().pipelines(experiment, limit=limit)
    rows = list(_rows(runs))
    if wants_json():
        emit_json(rows)
    elif rows:
        _print(rows)
    elif not runs:
        note("No pipelines yet")


def _rows(runs: list[Run]) -> Iterator[dict[str, Any]]:
    """Yield a row for each pipeline that can be read; warn about the others."""
    for run in runs:
        try:
            yield _row(run)
        except UserError as error:
            note(f"warning: {error}")


def _row(run: Run) -> dict[str, Any]:
    record = run.record
    return {
        "id": run.id,
        "experiment": run.experiment,
        "status": record.status,
        "followed": run.followed,
        "created": record.created,
        "duration": run.duration,
        "steps": {step.name: step.status for step in run.steps},
        "model": f"{record.register.model}:{record.register.version}" if record.register else None,
    }


def _print(rows: list[dict[str, Any]]) -> None:
    from runner.console.tables import Column

    table = [
        [
            row["id"],
            status_word(row["status"], row["followed"]),
            _done(row["steps"]),
            show_duration(row["duration"]),
            row["model"] or "",
            show_time(row["created"]),
        ]
        for row in rows
    ]
    columns: list[Column | str] = ["PIPELINE", "STATE", "STEPS", "TIME", "MODEL", Column("CREATED", optional=1)]
    show_table(columns, table, ids=[row["id"] for row in rows])
    advise(workspace(), [row["id"] for row in rows if not row["followed"]])


def _done(steps: dict[str, str]) -> str:
    return f"{sum(status == 'completed' for status in steps.values())} of {len(steps)}"
