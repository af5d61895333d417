"""Lists of runs: selected, sorted and cut into pages."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from runner.errors import UserError, one_of, storage_error
from runner.layout import Layout
from runner.statuses import STATUSES, TERMINAL
from runner.store.index.expression import OWNERS
from runner.store.index.run_index import RunIndex
from runner.store.index.selection import Selection

if TYPE_CHECKING:
    from runner.api.runs.run import Run
    from runner.api.workspace import Workspace

Row = dict[str, Any]


class Rows:
    """The rows of a workspace's runs. Each call refreshes what has changed."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._index = layout, RunIndex(layout)

    def page(self, *, limit: int | None, offset: int, **chosen: Any) -> tuple[list[Row], int, list[str]]:
        """Return the rows of one page, how many rows match in all, and what could not be read.

        Raises
        ------
        UserError
            If the selection has a mistake.
        """
        selection, problems = _selection(**chosen), list[str]()
        alone = self._refreshed(problems)
        rows, total = self._index.page(selection, limit, offset)
        rows = [_with_followed(row, alone) for row in rows]
        return rows, total, problems + self._index.unreadable()

    def each(self, **chosen: Any) -> Iterator[Row]:
        """Yield the rows that match.

        Raises
        ------
        UserError
            If the selection has a mistake.
        """
        selection, alone = _selection(**chosen), self._refreshed([])
        return (_with_followed(row, alone) for row in self._index.each(selection))

    def names(self) -> Mapping[str, Collection[str]]:
        """Return the names of parameters, metrics and tags of all runs."""
        self._index.refresh()
        return self._index.names(OWNERS)

    def active(self) -> list[Row]:
        """Return the rows of runs that have not ended, without what they have logged so far."""
        return self._index.not_ended()

    def _refreshed(self, problems: list[str]) -> set[str]:
        """Refresh the rows, and return the ids of runs that have neither ended nor a controller or worker."""
        self._index.refresh()
        alone = set(self._alone(problems)) if self._index.active else set()
        if alone:
            self._index.refresh()  # a run whose locks were released meanwhile has its final record
        return alone

    def _alone(self, problems: list[str]) -> Iterator[str]:
        from runner.execution.control import is_followed  # with the records, which are slow to import

        for row in self._index.active:
            try:
                if not is_followed(self._layout.run(row["experiment"], row["id"])):
                    yield row["id"]
            except (UserError, OSError) as error:  # one bad record must not hide the others
                problems.append(f"run {row['id']}: {storage_error(error) or error}")


def _selection(
    *,
    status: str | None = None,
    tags: Mapping[str, str] | None = None,
    ids: Collection[str] | None = None,
    **chosen: Any,
) -> Selection:
    if status is not None:
        status = one_of(status, STATUSES, "status")
    named = None if ids is None else tuple(sorted(ids))
    return Selection(status=status, tags=tuple((tags or {}).items()), ids=named, **chosen)


def _with_followed(row: Row, alone: Collection[str]) -> Row:
    return {**row, "followed": row["status"] in TERMINAL or row["id"] not in alone}


class RunList(Sequence["Run"]):
    """Some runs of a workspace, as they were when they were asked for.

    Attributes
    ----------
    rows : list of dict
        What ``vivero runs --json`` prints: id, experiment, status, created, ended, duration, params, metrics, tags,
        data, model, display_name, error, user, note, archived, followed.
    total : int
        The number of runs that match, without `limit` and `offset`.
    problems : list of str
        A line for each record that could not be read.
    """

    def __init__(self, workspace: Workspace, rows: list[Row], total: int, problems: Sequence[str] = ()) -> None:
        self._workspace = workspace
        self.rows, self.total, self.problems = rows, total, list(problems)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, at: int) -> Run: ...
    @overload
    def __getitem__(self, at: slice) -> RunList: ...
    def __getitem__(self, at: int | slice) -> Run | RunList:
        if isinstance(at, slice):
            return RunList(self._workspace, self.rows[at], self.total, self.problems)
        from runner.api.runs.run import Run

        return Run(self._workspace, self.rows[at]["experiment"], self.rows[at]["id"])

    def __iter__(self) -> Iterator[Run]:
        return (self[at] for at in range(len(self)))

    def __repr__(self) -> str:
        return f"<{len(self)} of {self.total} runs>"

    def _repr_html_(self) -> str:
        from runner.api.html import run_table

        return run_table(self.rows, self.total)

    def curves(self, metric: str) -> tuple[str, dict[str, list[tuple[float, float]]]]:
        """Return a metric's values over its steps: what they are over, and the points of each run by id.

        A run with many values has the smallest and largest of each part of them, so that no peak is lost.
        """
        from runner.api.metrics.curves import curves_of

        layout = self._workspace.layout
        return curves_of(((row["id"], layout.run(row["experiment"], row["id"])) for row in self.rows), metric)

    def differences(self) -> dict[str, dict[str, list[Any]]]:
        """Return what differs between the runs, by kind: config, metrics, packages and facts.

        Each kind has by name a list with the value of each run, None where a run has none. A run that cannot be read
        has nothing.
        """
        from runner.api.runs.compare import comparison

        records, at = list[Any](), list[int | None]()
        for run in self:
            try:
                records.append((run.record, run.followed))
                at.append(len(records) - 1)
            except UserError:
                at.append(None)
        sides = comparison(self._workspace.layout, records)
        return {
            kind: {
                name: [None if position is None else values[position] for position in at]
                for name, values in names.items()
            }
            for kind, names in sides.items()
        }

    def to_csv(self, path: str | Path | None = None) -> str | None:
        """Write the runs as CSV, with a column for each parameter, metric and tag.

        Parameters
        ----------
        path : str or Path, optional
            The file to write. Without it, the text is returned.
        """
        from runner.api.runs.csv_rows import write_csv
        from runner.io.files import encoded

        text = io.StringIO()
        write_csv(self.rows, None, text)
        if path is None:
            return text.getvalue()
        Path(path).write_bytes(encoded(text.getvalue()))
        return None

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame with the columns of `to_csv`; times are datetimes.

        Raises
        ------
        UserError
            If pandas is not installed.
        """
        from runner.api.runs.csv_rows import columns_of, value_of

        try:
            import pandas
        except ImportError:
            raise UserError("to_pandas needs pandas", "Install it: pip install pandas") from None
        columns = columns_of(self.rows)
        frame = pandas.DataFrame([[value_of(row, name) for name in columns] for row in self.rows], columns=columns)
        for name in ("created", "ended"):
            frame[name] = pandas.to_datetime(frame[name], utc=True, format="ISO8601")
        return frame
