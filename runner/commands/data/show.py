"""``vivero data show`` and ``vivero data preview``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, opened, wants_json
from runner.commands.output import emit_json, facts, note, say, section, show_bytes, show_table, show_time, show_value
from runner.console.format import show_count

if TYPE_CHECKING:
    from runner.api.data.version import DataVersion

_SHOWN, _COLUMNS = 20, 100
_BINS, _BLOCKS = 16, " ▁▂▃▄▅▆▇█"


@click.command()
@click.argument("reference", metavar="NAME[:VERSION|@ALIAS]")
@global_options
def show(reference: str) -> None:
    """Show one version: its content, its origin and what was made from it."""
    version = opened().data.version(reference)
    lineage, aliases, versions = version.lineage, version.aliases, version.asset.version_numbers()
    if wants_json():
        emit_json(
            {
                **version.record.to_json(),
                "aliases": aliases,
                "versions": versions,
                "location": str(version.path),
                "lineage": lineage,
            }
        )
        return
    _print(version, aliases, lineage)
    others = [str(number) for number in versions[-_SHOWN:]]
    say()
    say(f"Versions: {'... ' if len(versions) > _SHOWN else ''}{' '.join(others)}")


def _print(version: DataVersion, aliases: list[str], lineage: dict[str, Any]) -> None:
    record = version.record
    facts(
        {
            "data": version.reference,
            "type": record.type,
            "aliases": ", ".join(aliases),
            "description": record.description,
            "created": show_time(record.created),
            "user": record.user,
            "files": record.files,
            "size": show_bytes(record.bytes),
            "sha256": record.hash,
            "path": str(version.path) + (" (not copied)" if record.reference else ""),
            "source": record.source,
            "run": record.run,
            "output": record.output,
            "tags": ", ".join(f"{key}={value}" for key, value in record.tags.items()),
        }
    )
    if record.table is not None:
        _print_table(record.table)
    users = {key: _listed(lineage[key]) for key in ("runs", "models", "endpoints") if lineage[key]}
    if users:
        section("Used by")
        facts(users, indent=2)


def _listed(names: list[str]) -> str:
    return " ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _print_table(table: Any) -> None:
    from runner.console.tables import Column

    size = [show_count(table.rows, "row")] if table.rows is not None else []
    size.append(show_count(len(table.columns), "column"))
    section(f"Table: {', '.join(size)}" if table.columns else "Table")
    rows = [
        [
            column.name,
            column.type,
            str(column.missing),
            show_value(column.min),
            show_value(column.max),
            _distribution(column),
            "" if column.top is None else f"{column.top} ({column.top_count})",
        ]
        for column in table.columns[:_COLUMNS]
    ]
    if rows:
        texts = [Column(one, cut=True) for one in ("COLUMN", "TYPE", "MIN", "MAX", "MOST FREQUENT")]
        columns = [*texts[:2], Column("MISSING", right=True), *texts[2:4], Column("DISTRIBUTION", optional=1), texts[4]]
        show_table(columns, rows)
    if len(table.columns) > _COLUMNS:
        say(f"and {len(table.columns) - _COLUMNS} more: show all with --json")
    for warning in table.notes:
        note(f"warning: {warning}")


def _distribution(column: Any) -> str:
    """Return the histogram of a column as a line of blocks, the fullest bin the highest. Empty bins are spaces."""
    bins = column.histogram or column.timeline
    counts = list(bins.counts) if bins is not None else []
    while len(counts) > _BINS:
        counts = [sum(counts[at : at + 2]) for at in range(0, len(counts), 2)]
    most = max(counts, default=0)
    return "".join(_BLOCKS[-(-count * (len(_BLOCKS) - 1) // most)] if count > 0 else " " for count in counts)


@click.command()
@click.argument("reference", metavar="NAME[:VERSION|@ALIAS]")
@click.option("--rows", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
@global_options
def preview(reference: str, rows: int) -> None:
    """Show the first rows of a table, the first lines of a text, or the first files of a folder."""
    head = opened().data.version(reference).preview(rows)
    if wants_json():
        emit_json({"columns": head.columns, "rows": head.rows, "notes": head.notes})
        return
    if head.rows and head.columns == ["line"]:
        for (line,) in head.rows:
            say(line)
    elif head.rows:
        show_table(head.columns, head.rows)
    else:
        note("There is nothing to show")
    for warning in head.notes:
        note(f"warning: {warning}")
