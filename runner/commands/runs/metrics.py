"""``vivero metrics``."""

from __future__ import annotations

from typing import Any

import click

from runner.commands.common import global_options, read_run, wants_json, workspace
from runner.commands.output import emit_json, note, show_table, show_value

_WIDTH = 60


@click.command()
@click.argument("run")
@global_options
def metrics(run: str) -> None:
    """Show the last value of each metric of a run, or with --json all values."""
    from runner.api.metrics.series import metric_series

    layout = workspace()
    record, _ = read_run(layout, run)
    series = metric_series(layout.run(record.experiment, record.id).metrics)
    if wants_json():
        emit_json(
            {
                name: [{key: entry[key] for key in ("value", "step", "time")} for entry in entries]
                for name, entries in series.items()
            }
        )
    elif series:
        _print(series)
    else:
        note(f"Run {record.id} logged no metrics")


def _print(series: dict[str, list[dict[str, Any]]]) -> None:
    from runner.console.tables import Column
    from runner.execution.metrics import kind_of

    rows = []
    for name, entries in sorted(series.items()):
        numbers = [entry["value"] for entry in entries if _is_number(entry["value"])]
        last = kind_of(entries[-1]).show(entries[-1]["value"])
        rows.append(
            [
                name,
                last if len(last) <= _WIDTH else last[: _WIDTH - 3] + "...",
                show_value(min(numbers)) if len(numbers) > 1 else "",
                show_value(max(numbers)) if len(numbers) > 1 else "",
                str(len(entries)),
                entries[-1]["kind"] or "",
            ]
        )
    columns = [
        Column("METRIC", cut=True),
        Column("LAST", right=True, cut=True),
        Column("MIN", right=True, optional=3),
        Column("MAX", right=True, optional=3),
        Column("VALUES", right=True, optional=2),
        Column("KIND", optional=1),
    ]
    show_table(columns, rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
