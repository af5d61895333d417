"""The columns of the table: their names, headings and cells."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from runner.console.format import show_duration, show_time
from runner.studio.filters import cell

OWNERS = ("params", "metrics", "tags")
SPARK = "spark."  # prefix of a metric whose curve is drawn in the cell
NAME = "name"  # links to the run, and is always the first column
_HEADINGS = {
    NAME: "Run", "status": "Status", "created": "Created", "ended": "Ended", "duration": "Took", "user": "Who",
    "node": "Node", "model": "Model", "experiment": "Experiment", "error": "Error", "note": "Note", "id": "Id",
}  # fmt: skip
FIELDS = tuple(_HEADINGS)
_USUAL = ("status", "created", "duration", "experiment")
_MOST = 3  # parameters, and as many metrics, among the usual columns
_LONGEST_NAME = 200  # characters of a name that a link or list can hold
_LISTED = 2000  # names of parameters, and as many of metrics and of tags
_NUMBERS = ("duration",)
_SEARCHED = (
    "id", "experiment", "status", "created", "ended", "duration", "model", "display_name", "error", "user", "note",
    "archived",
)  # fmt: skip


def usual(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the default columns for some runs: facts, and the metrics and parameters that most of them have."""
    users = {row["user"] for row in rows if row["user"]}
    columns = [*_USUAL, *(["user"] if len(users) > 1 else [])]
    parameters, metrics = (_most_common(rows, owner) for owner in ("params", "metrics"))
    # Scripts often log parameters as metrics, too.
    known = {name.lower() for name in parameters}
    metrics.sort(key=lambda name: name.lower() in known or not is_number(f"metrics.{name}", rows))
    columns += [f"metrics.{name}" for name in metrics[:_MOST]] + [f"params.{name}" for name in parameters[:_MOST]]
    if any(row["model"] for row in rows):
        columns.append("model")
    return tuple(columns)


def _most_common(rows: Sequence[Mapping[str, Any]], owner: str) -> list[str]:
    """Return the names of parameters or metrics, those that most runs have first."""
    many = Counter(name for row in rows for name in row[owner] if len(name) <= _LONGEST_NAME)
    return sorted(many, key=lambda name: (-many[name], name))


def heading(column: str) -> str:
    """Return a column's heading."""
    owner, dot, name = column.partition(".")
    return name if dot and owner in (*OWNERS, SPARK[:-1]) else _HEADINGS.get(column, column)


def kind(column: str) -> str:
    """Return the kind of a column: parameter, metric, tag or curve. A field of every run has none."""
    owner = column.partition(".")[0]
    return {"params": "parameter", "metrics": "metric", "tags": "tag", "spark": "curve"}.get(owner, "")


def value_of(row: Mapping[str, Any], column: str) -> Any:
    """Return a row's value in a column, or None."""
    owner, dot, name = column.partition(".")
    return row[owner].get(name) if dot and owner in OWNERS else row.get(column)


def is_number(column: str, rows: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a column has only numbers, which are aligned on the right."""
    values = [value for row in rows if (value := value_of(row, column)) is not None]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return column in _NUMBERS or (bool(values) and len(numbers) == len(values))


def show(row: Mapping[str, Any], column: str) -> str:
    """Return the text of a cell."""
    value = value_of(row, column)
    if column in ("created", "ended"):
        return show_time(value)
    return show_duration(value) if column == "duration" else cell(value)


def sortable(column: str) -> str | None:
    """Return the name by which `Workspace.runs` sorts a column, or None if it cannot."""
    if column.startswith(SPARK) or column == "node":
        return None
    return "display_name" if column == NAME else column


def fields(names: Mapping[str, Collection[str]]) -> list[str]:
    """Return the names that the search completes: fields of every run, then parameters, metrics and tags."""
    named = [
        f"{owner}.{name}" if name.isidentifier() and not keyword.iskeyword(name) else f"{owner}[{name!r}]"
        for owner, name in _names(names)
    ]
    return [*_SEARCHED, *named]


def choices(names: Mapping[str, Collection[str]]) -> list[dict[str, str]]:
    """Return the columns that can be added, with their headings and kinds."""
    named = [f"{owner}.{name}" for owner, name in _names(names)]
    curves = [f"{SPARK}{column.removeprefix('metrics.')}" for column in named if column.startswith("metrics.")]
    every = [*(field for field in FIELDS if field != NAME), *named, *curves]
    return [{"column": column, "heading": heading(column), "kind": kind(column)} for column in every]


def _names(names: Mapping[str, Collection[str]]) -> list[tuple[str, str]]:
    """Return the names of parameters, metrics and tags, without very long names and at most `_LISTED` of each."""
    short = {owner: [name for name in owned if len(name) <= _LONGEST_NAME] for owner, owned in names.items()}
    return [(owner, name) for owner in OWNERS for name in sorted(short[owner])[:_LISTED]]
