"""Turns rows of runs into the columns of charts: parameters, metrics, tags and some facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from runner.charts.columns import axis, place
from runner.console.format import clean, show_value

_MOST = 200  # parameters, metrics and tags that are columns
_LONGEST_NAME = 200
_LONGEST_LEVEL = 60
_LEVELS = 60  # different texts that an axis can hold
_LABELLED = 14  # values below a run's name in its tooltip
_FACTS = {"duration": "duration (s)", "status": "status", "experiment": "experiment", "user": "user"}
OWNERS = ("params", "metrics", "tags")
Row = dict[str, Any]


def chart_data(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the rows and columns that the charts draw. `varies` says whether a column has different values."""
    columns = [column for key in _keys(rows) if (column := _column(rows, key)) is not None]
    return {"rows": [_row(row) for row in rows], "columns": columns}


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the names of metrics. Those that most runs have come first."""
    return _names(rows, "metrics")[:_MOST]


def _keys(rows: Sequence[Row]) -> list[str]:
    """Return the keys of the columns. If there are too many, each kind has an equal share of them."""
    keys = [[f"{owner}.{name}" for name in _names(rows, owner)] for owner in OWNERS]
    by_turns = [key for turn in zip_longest(*keys) for key in turn if key is not None]
    chosen = set(by_turns[:_MOST])
    return [*(key for kind in keys for key in kind if key in chosen), *_FACTS]


def _names(rows: Sequence[Row], owner: str) -> list[str]:
    many = Counter(name for row in rows for name in row[owner] if len(name) <= _LONGEST_NAME)
    return [name for name, _ in sorted(many.items(), key=lambda item: (-item[1], item[0]))]


def _column(rows: Sequence[Row], key: str) -> dict[str, Any] | None:
    """Return a column, or None if no run has a value or an axis cannot hold its texts."""
    owner, _, name = key.partition(".")
    values = [row[owner].get(name) if owner in OWNERS else row.get(key) for row in rows]
    known = [value for value in values if value is not None]
    of = axis(clean(name or _FACTS[key]), key, known, _text)
    if not known or (of["levels"] is not None and len(of["levels"]) > _LEVELS):
        return None
    drawn = [None if value is None else place(value, of, _text) for value in values]
    return {**of, "owner": owner if owner in OWNERS else "fact", "values": drawn, "varies": len(set(drawn)) > 1}


def _text(value: Any) -> str:
    return short(value, _LONGEST_LEVEL)


def short(value: Any, longest: int) -> str:
    """Return a value as a short printable text."""
    text = show_value(value)
    return clean(text if len(text) <= longest else f"{text[: longest - 1]}…")


def _row(row: Row) -> Row:
    values = [
        f"{name} = {_text(value)}"
        for owner in ("params", "metrics")
        for name, value in row[owner].items()
        if len(name) < _LONGEST_NAME
    ]
    name = short(row["display_name"] or row["id"], 60)
    return {
        "id": row["id"],
        "name": name,
        "kind": {"completed": "", "failed": "failed"}.get(row["status"], "hollow"),
        "label": "\n".join([f"{name}  ·  {show_value(row['status'])}", *map(clean, values[:_LABELLED])]),
    }
