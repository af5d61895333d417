"""The child runs of a run, which are folders below its own with logged values and further children."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.execution.metrics import last_values
from runner.io.json_records import read_lines, read_record, warn_once
from runner.layout import RunLayout
from runner.records import ChildRecord, MetricLine, PropertyLine
from runner.store.finding import entries

Child = dict[str, Any]


def children_of(folder: Path) -> list[Child]:
    """Return the children below a folder, by number, with metrics, tags, properties and children.

    A damaged child is named and skipped.
    """
    children = []
    for entry in entries(folder) if not folder.is_symlink() else ():  # a link may be circular
        if not entry.is_dir(follow_symlinks=False):
            continue
        try:
            children.append(_read(Path(entry.path)))
        except FileNotFoundError:  # it is just being created
            continue
        except UserError as error:
            warn_once(entry.path, str(error))
    return sorted(children, key=lambda child: (child["number"], child["id"]))


def _read(folder: Path) -> Child:
    layout = RunLayout(folder)
    child = read_record(layout.child, ChildRecord)
    set_by_script = list(read_lines(layout.properties, PropertyLine))
    return {
        **child.to_json(),
        "metrics": last_values(read_lines(layout.metrics, MetricLine)),
        "tags": _last(set_by_script, "tag"),
        "properties": _last(set_by_script, "property"),
        "children": children_of(layout.children),
    }


def _last(lines: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    values = {line["name"]: line["value"] for line in lines if line.get("kind") == kind}
    return {name: value for name, value in values.items() if value is not None}


def walk(children: list[Child]) -> Iterator[Child]:
    """Yield children, each before its own children."""
    for child in children:
        yield child
        yield from walk(child["children"])
