"""``vivero runs``."""

from __future__ import annotations

import sys
from typing import Any

import click

from runner.commands.common import advise, global_options, opened, pairs, wants_json
from runner.commands.output import emit_json, note, show_table


@click.command()
@click.option("--experiment", "-e", metavar="NAME", help="Only runs of this experiment.")
@click.option("--status", "-s", metavar="STATUS", help="Only runs with this status: completed, failed, running, ...")
@click.option(
    "--tag", "-t", "tags", metavar="KEY=VALUE", multiple=True, help="Only runs with this tag. May be repeated."
)
@click.option("--where", "-w", metavar="EXPRESSION", help="Only runs that match: 'accuracy > 0.95 and params.c == 1'.")
@click.option(
    "--sort",
    metavar="METRIC|FIELD",
    help="Sort by a metric's last value, a field or params.NAME. Default: newest first.",
)
@click.option(
    "--columns", metavar="NAME,...", help="The columns to show: id, status, params.NAME, metrics.NAME, tags.NAME, ..."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a column for each parameter, metric and tag.")
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), default=50, show_default=True, help="How many to show. 0 shows all."
)
@click.option("--archived", is_flag=True, help="Also show archived runs.")
@global_options
def runs(
    *,
    experiment: str | None,
    status: str | None,
    tags: tuple[str, ...],
    where: str | None,
    sort: str | None,
    columns: str | None,
    as_csv: bool,
    reverse: bool,
    limit: int,
    archived: bool,
) -> None:
    """List runs, newest first."""
    from runner.commands.runs.columns import read_columns

    workspace = opened()
    named = read_columns(columns) if columns else None
    run_list = workspace.runs(
        where,
        experiment=experiment,
        status=status or None,
        tags=pairs(tags, "--tag"),
        sort=sort,
        reverse=reverse,
        limit=limit or None,
        archived=archived,
    )
    rows = run_list.rows
    for problem in run_list.problems:
        note(f"warning: {problem}")
    if wants_json():
        emit_json(rows)
        return
    if as_csv:
        from runner.api.runs.csv_rows import write_csv

        write_csv(rows, named, sys.stdout)
    elif rows:
        _print(rows, named, sort)
    else:
        narrowed = experiment or status or tags or where
        hidden = 0 if narrowed or archived else workspace.runs(archived=True, limit=0).total
        message = f"No runs except {hidden} archived. To list them: vivero runs --archived" if hidden else "No runs yet"
        note("No runs match" if narrowed else message)
    advise(workspace.layout, [row["id"] for row in rows if not row["followed"]])


def _print(rows: list[dict[str, Any]], columns: list[str] | None, sort: str | None) -> None:
    from runner.api.runs.csv_rows import USUAL
    from runner.commands.runs.columns import cell_of, column_of

    several = len({row["user"] for row in rows if row["user"] is not None}) > 1
    names = columns or ((*USUAL, "user") if several else USUAL)
    table = [[cell_of(row, name, sort) for name in names] for row in rows]
    shown = [column_of(name, named=columns is not None) for name in names]
    show_table(shown, table, ids=[row["id"] for row in rows], instead="--columns" if columns is None else "--csv")
