"""How the inputs of an endpoint change, from the requests that it logged (``endpoint.log_payloads``).

An input example that was registered with the model stands for the rows that it was trained on, if it has enough of
them. Otherwise these are not known, because a script reads what it likes: then the older half of the logged rows is
compared with the newer half, and what differed from training before the first request is not seen.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from runner.api.tail import last_lines
from runner.errors import UserError
from runner.io.clock import read_time
from runner.io.json_records import parse

_READ = 8 << 20  # bytes from the end of the log
_MOST_ROWS, _FEWEST_ROWS = 10_000, 40
_BINS, _CATEGORIES, _COLUMNS = 10, 20, 200
_ROWS = ("data", "instances", "dataframe_records", "inputs", "dataframe_split", "input_data", "Inputs")
_FLOOR = 0.5  # of a row, for a part that one of the windows does not have
Row = dict[str, Any]


@dataclass(frozen=True)
class ColumnDrift:
    """One column in both windows.

    Parameters
    ----------
    index : float
        The population stability index: under 0.1 is little change, over 0.25 much.
    labels : list of str
        The parts that its values fall into: tenths of the earlier values, or categories.
    before, after : list of float
        The share of the rows in each part.
    """

    name: str
    index: float
    labels: list[str]
    before: list[float]
    after: list[float]


@dataclass(frozen=True)
class Drift:
    """The columns, those that changed most first.

    `before` and `after` count the rows. Those before are the model's example if `from_example`, else older logged ones.
    `unread` counts lines whose rows have no form that is known here.
    """

    columns: list[ColumnDrift]
    before: int = 0
    after: int = 0
    unread: int = 0
    since: str | None = None
    until: str | None = None
    from_example: bool = False

    @property
    def enough(self) -> bool:
        """Whether there are enough rows to compare."""
        return bool(self.columns)


def drift_of(log: Path, example: Any = None) -> Drift:
    """Return how the rows at the end of a log of payloads differ from an example, or the newer half from the older.

    Parameters
    ----------
    log : Path
        The log.
    example : object, optional
        An input example, in any form of a request. One with fewer than 40 rows or with other columns is not used.
    """
    rows, times, unread = _logged(log)
    known = _example_rows(example)
    from_example = len(known) >= _FEWEST_ROWS and (not rows or known[0].keys() == rows[0].keys())
    half = len(known) if from_example else len(rows) // 2
    after = len(rows) if from_example else len(rows) - half
    span: dict[str, Any] = {"since": times[0], "until": times[-1]} if times else {}
    if len(rows) < _FEWEST_ROWS:
        return Drift([], half, after, unread, from_example=from_example, **span)
    every = [*known, *rows] if from_example else rows
    names = list(dict.fromkeys(name for row in every for name in row))[:_COLUMNS]
    columns = [_compare(name, [row.get(name) for row in every], half) for name in names]
    columns.sort(key=lambda column: -column.index)
    return Drift(columns, half, after, unread, from_example=from_example, **span)


def _example_rows(example: Any) -> list[Row]:
    """Return the rows of an input example: a request, or a list of rows alone."""
    request = {"data": example} if isinstance(example, list) else example
    if isinstance(request, Mapping) and "columns" in request and "data" in request:
        request = {"dataframe_split": request}
    return list(islice(rows_of(request), _MOST_ROWS))


def _logged(log: Path) -> tuple[list[Row], list[str], int]:
    """Return the last rows of a log with the time of each, and how many lines could not be read."""
    rows, times, unread = list[Row](), list[str](), 0
    for line in last_lines(log, _READ).splitlines():
        try:
            value = parse(line)
            request_rows, time = list(rows_of(value["request"])), str(value["time"])
            read_time(time)
        except (ValueError, KeyError, TypeError, RecursionError, UserError):
            unread += 1
            continue
        rows += request_rows
        times += [time] * len(request_rows)
        unread += not request_rows
    return rows[-_MOST_ROWS:], times[-_MOST_ROWS:], unread


def rows_of(request: Any) -> Iterator[Row]:
    """Yield the rows of a request by column, in any of the forms that say which value is of which column."""
    if not isinstance(request, Mapping):
        return
    tensors = request.get("inputs")
    if (
        isinstance(tensors, list)
        and tensors
        and all(isinstance(tensor, Mapping) and "shape" in tensor for tensor in tensors)
    ):
        yield from _of_tensors(tensors)
        return
    for key in _ROWS:
        if key in request:
            columns = request.get("columns")
            yield from _of_rows(request[key], columns if isinstance(columns, list) else None)
            return


def _of_rows(value: Any, columns: Sequence[Any] | None) -> Iterator[Row]:
    if isinstance(value, Mapping):
        if isinstance(value.get("columns"), list):
            yield from _of_rows(value.get("data"), value["columns"])
        elif len(value) == 1:  # Inputs, with a name of their own
            yield from _of_rows(next(iter(value.values())), columns)
        return
    for row in value if isinstance(value, list) else ():
        if isinstance(row, Mapping):
            yield {str(name): cell for name, cell in row.items()}
        elif isinstance(row, list):
            names = columns if columns is not None and len(columns) == len(row) else range(len(row))
            yield {str(name): cell for name, cell in zip(names, row, strict=True)}


def _of_tensors(tensors: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    first = tensors[0]
    if len(tensors) == 1 and isinstance(first.get("data"), list) and len(first["shape"]) == 2:
        data, width = first["data"], first["shape"][1]
        flat = data if not data or not isinstance(data[0], list) else [value for row in data for value in row]
        if isinstance(width, int) and width > 0:
            for at in range(0, len(flat) - width + 1, width):
                yield {str(number): value for number, value in enumerate(flat[at : at + width])}
        return
    columns = {
        str(tensor.get("name")): tensor.get("data") for tensor in tensors if isinstance(tensor.get("data"), list)
    }
    for values in zip(*columns.values(), strict=False):
        yield dict(zip(columns, values, strict=True))


def _compare(name: str, values: Sequence[Any], half: int) -> ColumnDrift:
    place = _tenths(values[:half]) if all(map(_is_number_or_missing, values)) else _categories(values[:half])
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for label in place.labels:
        counts[label]  # in their order
    for number, value in enumerate(values):
        counts[place.of(value)][number >= half] += 1
    labels = [label for label, both in counts.items() if any(both)]
    before = [counts[label][0] / half for label in labels]
    after = [counts[label][1] / (len(values) - half) for label in labels]
    index = sum(
        (a - b) * math.log(a / b) for b, a in (_floored(b, a, half) for b, a in zip(before, after, strict=True))
    )
    return ColumnDrift(name, index, labels, before, after)


def _floored(before: float, after: float, rows: int) -> tuple[float, float]:
    return max(before, _FLOOR / rows), max(after, _FLOOR / rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_number_or_missing(value: Any) -> bool:
    return value is None or _is_number(value)


@dataclass(frozen=True)
class _Parts:
    """The parts that values fall into: up to each edge, or the known categories."""

    labels: list[str]
    edges: Sequence[float] | None = None

    def of(self, value: Any) -> str:
        if value is None:
            return "missing"
        if self.edges is None:
            text = str(value)[: _CATEGORIES * 4]
            return text if text in self.labels else "others"
        return self.labels[bisect_left(self.edges, value)]


def _tenths(values: Sequence[Any]) -> _Parts:
    numbers = sorted(value for value in values if value is not None)
    edges = sorted({numbers[len(numbers) * part // _BINS] for part in range(1, _BINS)}) if numbers else []
    if not edges:
        return _Parts(["any"], [])
    between = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    return _Parts([f"up to {edges[0]:.4g}", *between, f"over {edges[-1]:.4g}"], edges)


def _categories(values: Sequence[Any]) -> _Parts:
    many = Counter(str(value)[: _CATEGORIES * 4] for value in values if value is not None)
    return _Parts([label for label, _ in many.most_common(_CATEGORIES)])
