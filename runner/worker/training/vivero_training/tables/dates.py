"""Reads columns of dates, and compares them with a limit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..mistakes import Mistake, first_line
from .roles import check_complete, column_of

_ISO = re.compile(r"\d{4}-\d{2}(-\d{2}([T ]\d{2}:\d{2}.*)?)?")


def with_dates(table: Any, names: Sequence[str]) -> Any:
    """Return a table in which the named columns have times, in UTC and without a time zone.

    Raises
    ------
    Mistake
        If a value is not an ISO date.
    """
    changed = {name: as_times(table[name], "train.features.dates") for name in names}
    return table.assign(**changed) if changed else table


def as_times(column: Any, setting: str) -> Any:
    """Return a column of ISO texts or times as times in UTC, without a time zone. A missing value stays missing.

    Raises
    ------
    Mistake
        Naming the first value that is not an ISO date.
    """
    import pandas
    from pandas.api import types

    if not types.is_datetime64_any_dtype(column):
        for value in column[column.notna()].tolist():
            if not hasattr(value, "isoformat") and not (isinstance(value, str) and _ISO.fullmatch(value.strip())):
                raise Mistake(f"{setting}: '{column.name}' has {value!r:.60}, which is not a date such as 2026-03-01")
    options = {} if pandas.__version__.startswith(("0.", "1.")) else {"format": "ISO8601"}
    try:
        return pandas.to_datetime(column, utc=True, **options).dt.tz_localize(None)
    except (TypeError, ValueError, OverflowError) as error:
        raise Mistake(f"{setting}: '{column.name}' has a value that is not a date: {first_line(error)}") from None


def have_dates(column: Any) -> bool:
    """Return whether the texts of a column are ISO dates."""
    values = column[column.notna()].tolist()
    return bool(values) and all(isinstance(value, str) and _ISO.fullmatch(value.strip()) for value in values)


def times_of(table: Any, settings: Mapping[str, Any]) -> Any:
    """Return the column that a holdout is divided by, as numbers or times.

    Raises
    ------
    Mistake
        If a row has no value, or one that is neither.
    """
    from pandas.api import types

    column = column_of(table, settings["column"], "train.holdout.column")
    check_complete(column, "train.holdout.column")
    return column if types.is_numeric_dtype(column) else as_times(column, _after(settings))


def _after(settings: Mapping[str, Any]) -> str:
    return f"train.holdout.after={settings['after']}"


def after(table: Any, settings: Mapping[str, Any]) -> Any:
    """Return which rows come after a limit, as an array of bool of shape (n,).

    Parameters
    ----------
    settings : dict
        ``after``, a number or an ISO date, and ``column``, the name.

    Raises
    ------
    Mistake
        If a row has no value, or it cannot be compared.
    """
    import pandas
    from pandas.api import types

    name, limit, setting = settings["column"], settings["after"], _after(settings)
    times = times_of(table, settings)
    try:
        if not types.is_numeric_dtype(times):
            limit = as_times(pandas.Series([str(limit)], name=name), setting)[0]
        return (times > limit).to_numpy(dtype=bool)
    except (TypeError, ValueError) as error:
        raise Mistake(f"{setting} cannot be compared with '{name}': {first_line(error)}") from None
