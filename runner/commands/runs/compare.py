"""``vivero compare``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, read_run, wants_json, workspace
from runner.commands.output import emit_json, say, section, show_duration, show_table, show_value
from runner.console.format import longest_id, short_ids, shorten_ids
from runner.errors import UserError
from runner.io.clock import seconds_between

if TYPE_CHECKING:
    from runner.layout import Layout
    from runner.records import RunRecord

_NAME = 24  # least width of the column of names
Sides = dict[str, list[Any]]


@click.command()
@click.argument("runs", nargs=-1, metavar="RUN RUN...")
@global_options
def compare(runs: tuple[str, ...]) -> None:
    """Show the differences between runs side by side: configuration, packages, source, inputs and metrics."""
    if len(runs) < 2:
        raise UserError("A comparison takes two or more runs", "For example: vivero compare RUN RUN")
    layout = workspace()
    read = [read_run(layout, text) for text in runs]
    records = [record for record, _ in read]
    found = comparison(layout, read)
    if wants_json():
        emit_json({"runs": [record.id for record in records], **found})
    else:
        _print([record.id for record in records], found)


def comparison(layout: Layout, read: list[tuple[RunRecord, bool]]) -> dict[str, Sides]:
    """Return the differences between runs by kind.

    A missing value is None. Metrics are always included.
    """
    from runner.commands.runs.reading import flat, last_metrics

    records = [record for record, _ in read]
    metrics = [last_metrics(layout.run(record.experiment, record.id), record) for record in records]
    return {
        "config": _differing([flat(_composed(record)) for record in records]),
        "metrics": _sides(metrics),
        "packages": _differing([record.prepare.environment.packages if record.prepare else {} for record in records]),
        "facts": _differing([{**_facts(record), "followed": followed} for record, followed in read]),
    }


def _composed(record: RunRecord) -> dict[str, Any]:
    # `base` is the folder the command was typed in, not configuration.
    return {key: value for key, value in record.config.items() if key != "base"}


def _facts(record: RunRecord) -> dict[str, Any]:
    found: dict[str, Any] = {
        "status": record.status,
        "started in": record.config.get("base"),
        "duration": seconds_between(record.created, record.ended) if record.ended else None,
        "model": f"{record.register.model}:{record.register.version}" if record.register else None,
    }
    if record.prepare is not None:
        snapshot, environment = record.prepare.snapshot, record.prepare.environment
        found |= {
            "snapshot": snapshot.hash,
            "git commit": snapshot.git.commit if snapshot.git else None,
            "environment": environment.key,
            "python": environment.python_version,
            "platform": environment.platform,
        }
        found |= {f"input {name}": item.hash for name, item in record.prepare.inputs.items()}
    return found


def _sides(mappings: Sequence[Mapping[str, Any]]) -> Sides:
    names = sorted({name for mapping in mappings for name in mapping})
    return {name: [mapping.get(name) for mapping in mappings] for name in names}


def _differing(mappings: Sequence[Mapping[str, Any]]) -> Sides:
    # Compared as JSON: 1, 1.0 and true are different arguments to a script, though Python calls them equal.
    return {
        name: values
        for name, values in _sides(mappings).items()
        if len({json.dumps(value, sort_keys=True) for value in values}) > 1
    }


def _print(ids: list[str], found: dict[str, Sides]) -> None:
    from runner.console.tables import FOLDED, Column, side_by_side

    titles = {"metrics": "Metrics", "config": "Configuration", "packages": "Packages", "facts": "Otherwise"}
    least = max(FOLDED, longest_id(shorten_ids(one, short_ids(ids)) for one in ids))
    first = True
    for kind, title in titles.items():
        rows = [[name, *(_cell(name, value) for value in values)] for name, values in found[kind].items()]
        if not rows:
            continue
        if first:
            say(title)
        else:
            section(title)
        first = False
        first_width = min(_NAME, max(len(row[0]) for row in rows))
        for group in side_by_side(len(ids), first_width, least):
            columns: list[Column | str] = [Column("", fold=True), *(Column(ids[at], fold=True) for at in group)]
            show_table(columns, [[row[0], *(row[1 + at] for at in group)] for row in rows], ids=ids)
    same = [titles[kind].lower() for kind in ("config", "packages") if not found[kind]]
    if same:
        say()
        say(f"The same: {', '.join(same)}")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    return show_duration(value) if name == "duration" else show_value(value)
