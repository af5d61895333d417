"""The columns of ``vivero runs``: selection, format, and order of dropping on a narrow terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from runner.api.runs.csv_rows import FIELDS, OWNERS, value_of
from runner.commands.common import status_word
from runner.commands.output import show_duration, show_time, show_value
from runner.console.tables import Column
from runner.errors import UserError, nearest

Row = Mapping[str, Any]
_OPTIONAL = ("experiment", "model", "created", "duration")  # a narrow terminal drops these, starting with the first
_SHOWN = 3  # names of a mapping in one cell


def read_columns(text: str) -> list[str]:
    """Parse a list of columns: fields, ``params.NAME``, ``metrics.NAME`` and ``tags.NAME``.

    Raises
    ------
    UserError
        If a column is unknown.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FIELDS and name.partition(".")[0] not in OWNERS:
            raise UserError(
                f"--columns: unknown column {name}",
                nearest(name, FIELDS) + " Also params.NAME, metrics.NAME, tags.NAME",
            )
    return names


def column_of(name: str, *, named: bool) -> Column:
    """Return a column's format. A column that was requested by name is not optional."""
    title = "RUN" if name == "id" else name.upper() if name in FIELDS else name.partition(".")[2]
    optional = 0 if named or name not in _OPTIONAL else _OPTIONAL.index(name) + 1
    return Column(
        title, right=name == "duration", optional=optional, cut=name in ("params", "metrics", "tags", "error", "note")
    )


def cell_of(row: Row, column: str, sort: str | None) -> str:
    """Return a cell's text. Of several names, the sort key comes first, then a sweep's objectives."""
    value = value_of(row, column)
    if column == "status":
        return status_word(row["status"], row["followed"])
    if column in ("created", "ended"):
        return show_time(value) if value else ""
    if column == "duration":
        return show_duration(value)
    if isinstance(value, Mapping):
        first = _first_of(row, column, sort)
        names = sorted(value, key=lambda name: (first.index(name) if name in first else len(first), name))
        shown = [f"{name}={show_value(value[name])}" for name in names[:_SHOWN]]
        return " ".join([*shown, "..."] if len(names) > _SHOWN else shown)
    return show_value(value)


def _first_of(row: Row, column: str, sort: str | None) -> list[str]:
    """Return the names to show first in a cell with several."""
    owner, dot, name = (sort or "").partition(".")
    first = [name] if dot and owner == column else [sort] if sort and column == "metrics" else []
    if column != "metrics" or row.get("objective") is None:
        return first
    return [*first, *_objectives(json.dumps(row["objective"]))]


@cache
def _objectives(text: str) -> tuple[str, ...]:
    """Return the metrics of an objective given as JSON; cached, because all trials of a sweep have the same."""
    from runner.sweeps.ranking.objectives import read_objectives

    try:
        return tuple(objective.metric for objective in read_objectives(json.loads(text)))
    except UserError:  # an old record may contain what is now refused
        return ()
