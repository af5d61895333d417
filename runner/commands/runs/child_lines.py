"""Prints child runs."""

from __future__ import annotations

from runner.api.runs.children import Child
from runner.commands.output import facts, print_outputs, say, section, show_value
from runner.records import RunRecord

_SHOWN = 20


def print_child(record: RunRecord, child: Child) -> None:
    """Print the details of a child."""
    head = {name: child.get(name) for name in ("id", "name", "status")}
    facts({"child": head.pop("id"), **head, "of run": record.id})
    for title in ("Tags", "Properties", "Metrics"):
        if child[title.lower()]:
            section(title)
            facts(child[title.lower()], indent=2)
    kept = f"{child.get('outputs')}/"
    outputs = [file for file in (record.finalize.outputs if record.finalize else ()) if file.path.startswith(kept)]
    print_outputs(outputs)
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
    for grandchild in child["children"]:
        _print_line(grandchild, indent + 2)
