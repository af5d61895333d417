"""The child runs of a run, which are folders below its own with logged values and further children."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.commands.output import facts, print_outputs, say, section, show_value
from runner.errors import UserError
from runner.execution.metrics import last_values
from runner.io.json_records import read_lines, read_record, warn_once
from runner.layout import Layout, RunLayout
from runner.records import ChildRecord, MetricLine, PropertyLine, RunRecord
from runner.store.finding import entries

_SHOWN = 20
Child = dict[str, Any]


def children_of(folder: Path) -> list[Child]:
    """Return the children below a folder, by number, with metrics, tags, properties and children.

    A damaged child is named and skipped.
    """
    found = []
    for one in entries(folder) if not folder.is_symlink() else ():  # a link may be circular
        if not one.is_dir(follow_symlinks=False):
            continue
        try:
            found.append(_read(Path(one.path)))
        except FileNotFoundError:  # it is just being created
            continue
        except UserError as error:
            warn_once(one.path, str(error))
    return sorted(found, key=lambda child: (child["number"], child["id"]))


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
    found = {line["name"]: line["value"] for line in lines if line.get("kind") == kind}
    return {name: value for name, value in found.items() if value is not None}


def find_child(layout: Layout, text: str) -> tuple[RunRecord, Child] | None:
    """Return the child that a text names, such as ``RUN_1`` or ``RUN_1_2``, and its run, or None."""
    from runner.commands.common import find_run

    run, _, number = text.rpartition("_")
    while number.isdigit() and run:
        try:
            record = find_run(layout, run)
        except UserError:
            run, _, number = run.rpartition("_")
            continue
        wanted = f"{record.id}{text[len(run) :]}"
        every = walk(children_of(layout.run(record.experiment, record.id).children))
        return next(((record, child) for child in every if child.get("id") == wanted), None)
    return None


def walk(children: list[Child]) -> Iterator[Child]:
    """Yield children, each before its own children."""
    for child in children:
        yield child
        yield from walk(child["children"])


def print_child(record: RunRecord, child: Child) -> None:
    """Print the details of a child."""
    head = {name: child.get(name) for name in ("id", "name", "status")}
    facts({"child": head.pop("id"), **head, "of run": record.id})
    for title in ("Tags", "Properties", "Metrics"):
        if child[title.lower()]:
            section(title)
            facts(child[title.lower()], indent=2)
    kept = f"{child.get('outputs')}/"
    own = [file for file in (record.finalize.outputs if record.finalize else ()) if file.path.startswith(kept)]
    print_outputs(own)
    print_children(child["children"])


def print_children(children: list[Child]) -> None:
    """Print a line for each child, with its own children below it."""
    if children:
        section("Children")
    for child in children[:_SHOWN]:
        _print_line(child, 2)
    if len(children) > _SHOWN:
        say(f"  and {len(children) - _SHOWN} more: show all with --json")


def _print_line(child: Child, indent: int) -> None:
    metrics = " ".join(f"{name}={show_value(value)}" for name, value in child["metrics"].items())
    words = (str(child.get("id")), str(child.get("name") or ""), str(child.get("status")), metrics)
    say(" " * indent + "  ".join(word for word in words if word))
    for one in child["children"]:
        _print_line(one, indent + 2)
