"""``vivero runs``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import advise, global_options, one_of, pairs, run_index, wants_json, workspace
from runner.commands.output import emit_json, note, show_table
from runner.errors import UserError, storage_error

if TYPE_CHECKING:
    from runner.layout import Layout


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
) -> None:
    """List runs, newest first."""
    from runner.commands.runs.columns import read_columns, write_csv
    from runner.statuses import STATUSES
    from runner.store.index import select

    layout = workspace()
    named = read_columns(columns) if columns else None
    chosen = one_of(status, STATUSES, "status") if status else None
    wanted = pairs(tags, "--tag")
    rows = select(
        _all(layout),
        experiment=experiment,
        status=chosen,
        tags=wanted or None,
        where=where,
        sort=sort,
        reverse=reverse,
        limit=limit or None,
    )
    if wants_json():
        emit_json(rows)
        return
    if as_csv:
        write_csv(rows, named)
    elif rows:
        _print(rows, named, sort)
    else:
        note("No runs match" if experiment or status or tags or where else "No runs yet")
    advise(layout, [row["id"] for row in rows if not row["followed"]])


def _all(layout: Layout) -> list[dict[str, Any]]:
    """Return the rows of all runs, each with whether it has ended or is followed.

    Unreadable records, which the index skips, are named on standard error.
    """
    from runner.statuses import TERMINAL

    index = run_index(layout)
    rows = index.all()
    active = [row for row in rows if row["status"] not in TERMINAL]
    alone = set(_alone(layout, active)) if active else set()
    if alone:
        rows = index.all()  # a run whose locks were released meanwhile has its final record
    for row in rows:
        row["followed"] = row["status"] in TERMINAL or row["id"] not in alone
    for problem in index.unreadable():
        note(f"warning: {problem}")
    return rows


def _alone(layout: Layout, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the runs whose controller and worker have ended."""
    from runner.execution.control import is_followed

    for row in rows:
        try:
            if not is_followed(layout.run(row["experiment"], row["id"])):
                yield row["id"]
        except (UserError, OSError) as error:  # one bad record must not hide the others
            note(f"warning: run {row['id']}: {storage_error(error) or error}")


def _print(rows: list[dict[str, Any]], columns: list[str] | None, sort: str | None) -> None:
    from runner.commands.runs.columns import USUAL, cell_of, column_of

    several = len({row["user"] for row in rows if row["user"] is not None}) > 1
    names = columns or ((*USUAL, "user") if several else USUAL)
    table = [[cell_of(row, name, sort) for name in names] for row in rows]
    shown = [column_of(name, named=columns is not None) for name in names]
    show_table(shown, table, ids=[row["id"] for row in rows], instead="--columns" if columns is None else "--csv")
