"""Selects and sorts the runs of a list, from rows in memory or from the index."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, TypeVar

from runner.errors import UserError, nearest
from runner.store.index.expression import OWNERS, compile_where, names_field
from runner.store.index.table import Filter, Row, RunTable

T = TypeVar("T")
_NAN, _INFINITE = "NaN", {"Infinity": math.inf, "-Infinity": -math.inf}  # as in records
_BY_TIME = (None, "created")  # the sort keys by which the index is ordered


@dataclass(frozen=True)
class Selection:
    """The requested runs; see `runner.api.Workspace.runs`. `ids` limits them to some runs."""

    where: str | None = None
    experiment: str | None = None
    status: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    sort: str | None = None
    reverse: bool = False
    archived: bool = False
    ids: tuple[str, ...] | None = None

    def filter(self) -> Filter:
        """Return the conditions that the columns of the index can answer."""
        shows_archived = self.archived or (self.where is not None and names_field(self.where, "archived"))
        return Filter(self.experiment, self.status, None if shows_archived else False, self.ids)

    @property
    def by_columns(self) -> bool:
        """Whether the columns of the index can answer all of its conditions."""
        return not self.where and not self.tags and self.sort in _BY_TIME

    def test(self, rows: Collection[Row]) -> Callable[[Row], bool]:
        """Return a test of a row for the conditions that `filter` does not cover. `rows` are all rows of the list.

        Raises
        ------
        UserError
            If `where` is not a comparison, or no row has a field or metric that it names.
        """
        where = compile_where(self.where, rows) if self.where else _anything
        if not self.tags:
            return where
        return lambda row: all(row["tags"].get(key) == value for key, value in self.tags) and where(row)

    def check_experiment(self, known: Collection[str]) -> None:
        """Refuse an experiment without runs, unless there are no runs at all.

        Raises
        ------
        UserError
            If there is none of that name.
        """
        if self.experiment is not None and known and self.experiment not in known:
            message = f"No run belongs to experiment '{self.experiment}'"
            raise UserError(message, nearest(self.experiment, sorted(known)))


def select(
    rows: list[Row], *, tags: Mapping[str, str] | None = None, limit: int | None = None, **chosen: Any
) -> list[Row]:
    """Return the matching rows in their order, or sorted by a field or metric, largest first unless `reverse`.

    Runs without a number to sort by always come last. Archived runs are left out, unless `archived` is true or `where`
    uses that field.

    Raises
    ------
    UserError
        If `where` is not a comparison, or no row has the named field, sort key or experiment.
    """
    selection = Selection(**chosen, tags=tuple((tags or {}).items()))
    test = selection.test(rows)
    selection.check_experiment({row["experiment"] for row in rows})
    wanted = selection.filter()
    selected = [row for row in rows if _fits(row, wanted) and test(row)]
    if selection.sort is not None:
        selected = _by(
            ((_value(row, selection.sort), row) for row in selected), selection.sort, reverse=selection.reverse
        )
    elif selection.reverse:
        selected.reverse()
    return selected[:limit] if limit else selected


def _fits(row: Row, wanted: Filter) -> bool:
    return (
        (wanted.archived is None or bool(row["archived"]) == wanted.archived)
        and (wanted.experiment is None or row["experiment"] == wanted.experiment)
        and (wanted.status is None or row["status"] == wanted.status)
        and (wanted.ids is None or row["id"] in wanted.ids)
    )


def numbers_of(table: RunTable, selection: Selection) -> Sequence[int]:
    """Return the numbers of the rows that `select` would return for a whole table. Few rows are in memory at a time."""
    test = selection.test(_Rows(table))
    selection.check_experiment(table.experiments())
    numbered = ((number, row) for number, row in table.each(selection.filter()) if test(row))
    if selection.sort is None:
        numbers = array("q", (number for number, _ in numbered))
        return numbers[::-1] if selection.reverse else numbers
    name = selection.sort
    return array("q", _by(((_value(row, name), number) for number, row in numbered), name, reverse=selection.reverse))


def page_of(table: RunTable, selection: Selection, limit: int | None, offset: int) -> tuple[Sequence[int], int]:
    """Return the numbers of one page of a selection that columns answer, and how many rows match in all."""
    selection.check_experiment(table.experiments() if selection.experiment is not None else ())
    wanted = replace(selection, where=None).filter()
    numbers = table.numbers(wanted, oldest_first=selection.reverse, limit=limit, offset=offset)
    return numbers, table.count(wanted)


def _anything(_: Row) -> bool:
    return True


class _Rows(Collection[Row]):
    """All rows of a table, read anew for each iteration."""

    def __init__(self, table: RunTable) -> None:
        self._table = table

    def __iter__(self) -> Iterator[Row]:
        return (row for _, row in self._table.each(Filter()))

    def __len__(self) -> int:
        return self._table.count(Filter())

    def __contains__(self, row: object) -> bool:
        return any(candidate == row for candidate in self)


def _value(row: Row, name: str) -> Any:
    """Return the value that a row is sorted by."""
    owner, dot, inner = name.partition(".")
    if dot and owner in OWNERS and inner in row[owner]:
        return row[owner][inner]
    return row[name] if name in row and name not in OWNERS else row["metrics"].get(name)


def _by(items: Iterable[tuple[Any, T]], name: str, *, reverse: bool) -> list[T]:
    """Sort items by their values: numbers, then texts, then NaN, then missing values."""
    numbers, texts, not_numbers, without = list[Any](), list[Any](), list[T](), list[T]()
    for value, item in items:
        if value is None:
            without.append(item)
        elif value == _NAN:
            not_numbers.append(item)
        elif isinstance(number := _INFINITE.get(value, value) if isinstance(value, str) else value, int | float):
            numbers.append((number, item))
        else:
            texts.append((str(value), item))
    if without and not (numbers or texts or not_numbers):
        raise UserError(f"--sort {name}: no run has a field or metric of that name")
    for group in (numbers, texts):
        group.sort(key=itemgetter(0), reverse=True)
    known = [item for _, item in (*numbers, *texts)]
    return [*(reversed(known) if reverse else known), *not_numbers, *without]
