"""``vivero compare``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, read_run, wants_json, workspace
from runner.commands.output import emit_json, say, section, show_duration, show_table, show_value
from runner.console.format import longest_id, short_ids, shorten_ids
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.runs.compare import Sides

_NAME = 24  # least width of the column of names


@click.command()
@click.argument("runs", nargs=-1, metavar="RUN RUN...")
@global_options
def compare(runs: tuple[str, ...]) -> None:
    """Show the differences between runs side by side: configuration, packages, source, inputs and metrics."""
    if len(runs) < 2:
        raise UserError("A comparison takes two or more runs", "For example: vivero compare RUN RUN")
    from runner.api.runs.compare import comparison

    layout = workspace()
    read = [read_run(layout, text) for text in runs]
    records = [record for record, _ in read]
    differences = comparison(layout, read)
    if wants_json():
        emit_json({"runs": [record.id for record in records], **differences})
    else:
        _print([record.id for record in records], differences)


def _print(ids: list[str], differences: dict[str, Sides]) -> None:
    from runner.console.tables import FOLDED, Column, side_by_side

    titles = {"metrics": "Metrics", "config": "Configuration", "packages": "Packages", "facts": "Otherwise"}
    least_width = max(FOLDED, longest_id(shorten_ids(run_id, short_ids(ids)) for run_id in ids))
    first = True
    for kind, title in titles.items():
        rows = [[name, *(_cell(name, value) for value in values)] for name, values in differences[kind].items()]
        if not rows:
            continue
        if first:
            say(title)
        else:
            section(title)
        first = False
        first_width = min(_NAME, max(len(row[0]) for row in rows))
        for group in side_by_side(len(ids), first_width, least_width):
            columns: list[Column | str] = [Column("", fold=True), *(Column(ids[at], fold=True) for at in group)]
            show_table(columns, [[row[0], *(row[1 + at] for at in group)] for row in rows], ids=ids)
    same = [titles[kind].lower() for kind in ("config", "packages") if not differences[kind]]
    if same:
        say()
        say(f"The same: {', '.join(same)}")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    return show_duration(value) if name == "duration" else show_value(value)
