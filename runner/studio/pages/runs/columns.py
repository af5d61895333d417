"""The columns of the table: their names, headings and cells."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from runner.console.format import show_duration, show_time
from runner.studio.filters import cell

OWNERS = ("params", "metrics", "tags")
SPARK = "spark."  # a metric over its steps, drawn in the cell
NAME = "name"  # what links to the run: always the first column
_HEADINGS = {
    NAME: "Run", "status": "Status", "created": "Created", "ended": "Ended", "duration": "Took", "user": "Who",
    "node": "Node", "model": "Model", "experiment": "Experiment", "error": "Error", "note": "Note", "id": "Id",
}  # fmt: skip
FIELDS = tuple(_HEADINGS)
_USUAL = ("status", "created", "duration", "experiment")
_MOST = 3  # parameters and metrics among the usual columns
_LONGEST_NAME = 200  # a name that a link or list can hold
_LISTED = 2000
_NUMBERS = ("duration",)
_SEARCHED = (
    "id", "experiment", "status", "created", "ended", "duration", "model", "display_name", "error", "user", "note",
    "archived",
)  # fmt: skip


def usual(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns that say most about some runs: what nearly all have in common."""
    users = {row["user"] for row in rows if row["user"]}
    found = [*_USUAL, *(["user"] if len(users) > 1 else [])]
    for owner in ("metrics", "params"):
        many = Counter(name for row in rows for name in row[owner] if len(name) <= _LONGEST_NAME)
        found += [f"{owner}.{name}" for name, _ in sorted(many.items(), key=lambda one: (-one[1], one[0]))[:_MOST]]
    if any(row["model"] for row in rows):
        found.append("model")
    return tuple(found)


def heading(column: str) -> str:
    """Return a column's heading."""
    owner, dot, name = column.partition(".")
    return name if dot and owner in (*OWNERS, SPARK[:-1]) else _HEADINGS.get(column, column)


def kind(column: str) -> str:
    """Return what is said above a heading: whether it is a parameter, a metric or a tag."""
    owner = column.partition(".")[0]
    return {"params": "parameter", "metrics": "metric", "tags": "tag", "spark": "curve"}.get(owner, "")


def value_of(row: Mapping[str, Any], column: str) -> Any:
    """Return a row's value in a column, or None."""
    owner, dot, name = column.partition(".")
    return row[owner].get(name) if dot and owner in OWNERS else row.get(column)


def is_number(column: str, rows: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a column has numbers, which are aligned on their right."""
    values = [value for row in rows if (value := value_of(row, column)) is not None]
    numbers = [one for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    return column in _NUMBERS or (bool(values) and len(numbers) == len(values))


def show(row: Mapping[str, Any], column: str) -> str:
    """Return a cell."""
    value = value_of(row, column)
    if column in ("created", "ended"):
        return show_time(value)
    return show_duration(value) if column == "duration" else cell(value)


def sortable(column: str) -> str | None:
    """Return what `Workspace.runs` sorts a column by, None if it cannot."""
    if column.startswith(SPARK) or column == "node":
        return None
    return "display_name" if column == NAME else column


def fields(names: Mapping[str, Collection[str]]) -> list[str]:
    """Return the names that the search knows: fields of every run, then parameters, metrics and tags."""
    named = [
        f"{owner}.{name}" if name.isidentifier() and not keyword.iskeyword(name) else f"{owner}[{name!r}]"
        for owner, name in _names(names)
    ]
    return [*_SEARCHED, *named]


def choices(names: Mapping[str, Collection[str]]) -> list[dict[str, str]]:
    """Return the columns that can be chosen, with their headings and kinds."""
    named = [f"{owner}.{name}" for owner, name in _names(names)]
    curves = [f"{SPARK}{one.removeprefix('metrics.')}" for one in named if one.startswith("metrics.")]
    every = [*(one for one in FIELDS if one != NAME), *named, *curves]
    return [{"column": one, "heading": heading(one), "kind": kind(one)} for one in every]


def _names(names: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    """Return the names of parameters, metrics and tags. A list can't hold very long ones, nor a million."""
    short = {owner: [one for one in found if len(one) <= _LONGEST_NAME] for owner, found in names.items()}
    return [(owner, name) for owner in OWNERS for name in sorted(short[owner])[:_LISTED]]
