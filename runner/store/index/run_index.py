"""The current rows of all runs, from the cache and from the records that have changed since."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.layout import Layout, RunLayout
from runner.statuses import TERMINAL
from runner.store.index.cache import open_copy, read_row
from runner.store.index.folders import RunFolders, stamp_of
from runner.store.index.selection import Selection, numbers_of, page_of
from runner.store.index.table import Filter, Row, RunTable, names_in

if TYPE_CHECKING:
    from runner.store.index.rows import ActiveRun

_READ = 500  # rows that `each` reads at once
_LOOKED_AT = 4000  # records without a sign of change that each refresh checks


class RunIndex:
    """Rows of all runs. A record is read again only when its file's time or size has changed.

    The first call reads the cache on disk and checks every record. Later calls of the same object check what can have
    changed: runs that are new, gone, active or named in ``.edited.jsonl``. They also check some of the others in turn,
    which change only if somebody bypasses vivero. Safe to use from several threads.

    The object works on a copy of the cache, a temporary file of SQLite. Other processes may therefore change the cache,
    and 100,000 rows take no memory. In the copy, the rows of active runs have the metrics and edits so far.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.generation = 0  # grows when a row changes
        self.active: list[Row] = []  # the rows of runs that have not ended, as they are now
        self._lock = threading.RLock()
        self._folders = RunFolders(layout)
        self._opened: RunTable | None = None
        self._recorded: dict[str, Row] = {}  # the rows of active runs, as recorded
        self._now: dict[str, Row] = {}  # the same rows with the metrics and edits since
        self._logging: dict[str, ActiveRun] = {}
        self._unread: set[str] = set()
        self._recordless: set[str] = set()  # folders without a record: of runs that are about to begin, or others
        self._turn = 0  # the number of the row that was checked last in turn
        self._edits = 0
        self._selected: tuple[Any, Sequence[int]] | None = None
        self._names: tuple[int, dict[str, set[str]]] | None = None

    def refresh(self) -> None:
        """Read the rows that can have changed."""
        with self._lock:
            self._bring_up_to_date()
            self._read_active()

    def page(self, selection: Selection, limit: int | None = None, offset: int = 0) -> tuple[list[Row], int]:
        """Return the rows of one page of a selection, as of the last refresh, and how many match in all.

        Raises
        ------
        UserError
            If the selection has a mistake.
        """
        with self._lock:
            numbers, total = self._page(selection, limit, offset)
            return self._table.read(numbers), total

    def each(self, selection: Selection) -> Iterator[Row]:
        """Yield the rows of a selection, as of the last refresh; few are in memory at a time.

        Raises
        ------
        UserError
            If the selection has a mistake.
        """
        with self._lock:
            numbers, _ = self._page(selection, None, 0)
        for at in range(0, len(numbers), _READ):
            with self._lock:
                rows = self._table.read(numbers[at : at + _READ])
            yield from rows

    def _page(self, selection: Selection, limit: int | None, offset: int) -> tuple[Sequence[int], int]:
        if selection.by_columns:
            return page_of(self._table, selection, limit, offset)
        key = self.generation, selection
        if self._selected is None or self._selected[0] != key:
            self._selected = key, numbers_of(self._table, selection)
        every = self._selected[1]
        return every[offset : None if limit is None else offset + limit], len(every)

    def all(self) -> list[Row]:
        """Return the rows of all runs, newest first. If the cache cannot be written, listing is only slower."""
        with self._lock:
            self.refresh()
            return [row for _, row in self._table.each(Filter())]

    def not_ended(self) -> list[Row]:
        """Return the rows of runs that have not ended, without what they have logged so far."""
        with self._lock:
            self._bring_up_to_date()
            return list(self._recorded.values())

    def names(self, owners: Sequence[str]) -> Mapping[str, Collection[str]]:
        """Return the names of parameters, metrics and tags of all runs, as of the last refresh."""
        with self._lock:
            if self._names is None or self._names[0] != self.generation:
                self._names = self.generation, names_in((row for _, row in self._table.each(Filter())), owners)
            return self._names[1]

    def unreadable(self) -> list[str]:
        """Return the problem of each record that cannot be read, as of the last refresh."""
        problems = []
        with self._lock:
            unread = sorted(self._unread)
        for folder in unread:
            from runner.store.runs import read_record

            try:
                read_record(self.layout.root / folder)
            except UserError as error:
                problems.append(str(error))
        return problems

    @property
    def _table(self) -> RunTable:
        if self._opened is None:
            self._open()
        assert self._opened is not None  # noqa: S101 - by `_open`
        return self._opened

    def _open(self) -> None:
        self._edits = self._size_of_edits()
        self._folders.list_all()
        database, self._recordless = open_copy(self.layout, self._folders)
        weakref.finalize(self, database.close)
        self._opened = RunTable(database)
        self._recorded, self._unread = self._opened.not_over(), self._opened.unreadable()
        self.generation += 1

    def _bring_up_to_date(self) -> None:
        if self._opened is None:
            self._open()
            return
        new, gone = self._folders.changed()
        self._recordless = (self._recordless | new) - gone
        edited = self._edited()
        for path in dict.fromkeys([*sorted(self._recordless), *self._recorded, *self._unread, *(edited or ())]):
            self._look_again(path, self._table.stamp(path))
        for path, stamp in self._next_in_turn() if edited is not None else self._every():
            self._look_again(path, stamp)
        for path in gone:
            self._forget(path)

    def _next_in_turn(self) -> list[tuple[str, str]]:
        stamps = self._table.stamps_after(self._turn, _LOOKED_AT)
        self._turn = stamps[-1][0] if len(stamps) == _LOOKED_AT else 0
        return [(path, stamp) for _, path, stamp in stamps]

    def _every(self) -> Iterator[tuple[str, str]]:
        self._turn = 0
        yield from self._next_in_turn()
        while self._turn:
            yield from self._next_in_turn()

    def _look_again(self, path: str, before: str | None) -> None:
        """Read a row again if its record has changed since it had a stamp."""
        stamp = stamp_of(f"{self.layout.root}/{path}")
        if stamp is None:
            self._forget(path)
        elif before != stamp:
            self._take(path, stamp, read_row(self.layout.root / path))

    def _take(self, path: str, stamp: str, row: Row | None) -> None:
        self._table.write([(path, stamp, row)])
        logging = self._logging.get(path)
        self._forget_state(path)
        if row is None:
            self._unread.add(path)
        elif row["status"] not in TERMINAL:
            self._recorded[path] = row
            if logging is not None:  # the metrics it has read stay valid
                self._logging[path] = logging
        self.generation += 1

    def _forget(self, path: str) -> None:
        if self._table.stamp(path) is not None:
            self._table.delete([path])
            self.generation += 1
        self._forget_state(path)
        if path in self._folders:
            self._recordless.add(path)

    def _forget_state(self, path: str) -> None:
        self._recorded.pop(path, None)
        self._now.pop(path, None)
        self._logging.pop(path, None)
        self._unread.discard(path)
        self._recordless.discard(path)

    def _read_active(self) -> None:
        """Write the rows of active runs as they are now; their records do not change while they log."""
        if self._recorded:
            from runner.store.index.rows import ActiveRun

            for path in self._recorded:
                if path not in self._logging:
                    self._logging[path] = ActiveRun(RunLayout(self.layout.root / path))
        for path, row in self._recorded.items():
            now = self._logging[path].current(row)
            if now != self._now.get(path, row):
                self._table.write([(path, self._table.stamp(path) or "", now)])
                self.generation += 1
            self._now[path] = now
        self.active = list(self._now.values())

    def _edited(self) -> list[str] | None:
        """Return the ended runs that were changed since the last call, or None if that is unknown."""
        from runner.io.json_records import read_lines
        from runner.records import EditedLine

        before, self._edits = self._edits, self._size_of_edits()
        if self._edits == before:
            return []
        if self._edits < before:  # the file was emptied
            return None
        named = dict.fromkeys(line["run"] for line in read_lines(self.layout.edited, EditedLine))
        return [path for path in named if path in self._folders]

    def _size_of_edits(self) -> int:
        try:
            return os.lstat(self.layout.edited).st_size
        except OSError:
            return 0
