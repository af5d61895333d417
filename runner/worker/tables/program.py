"""The program ``tables.program``: reads a JSON request from standard input and prints the answer.

A request has ``files``, each with ``path``, ``form`` (csv, tsv, jsonl, parquet), ``name`` and ``options``, and a
``task``: ``profile``, ``rows`` with a ``limit``, or ``difference`` with the files of the ``other`` table. A profile
never fails because of a file's content; its ``notes`` say what could not be read. ``needs`` names a missing library.
"""

import json
import os
import sys
from collections import Counter

from . import arrow
from .columns import cells_of
from .table import Table, text_of
from .texts import Delimited, UnreadableError, reader_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

_MEMORY = 4 << 30
_LARGE = 8 << 20  # bytes; for smaller files, importing pyarrow takes longer than it saves
_MOST_COMPARED = 20000000  # rows
_LONGEST_NOTE = 200


def main(_words: "List[str]") -> int:
    """Answer the request on standard input."""
    _limit_memory()
    request = json.loads(sys.stdin.read())
    tasks = {"profile": _profile, "rows": _rows, "difference": _difference}
    try:
        answer = tasks[request["task"]](request)
    except arrow.NoArrowError as error:
        answer = {"needs": "pyarrow", "notes": [str(error)]}
    except MemoryError:
        answer = {"notes": ["reading it takes more than {} GB of memory".format(_MEMORY >> 30)]}
    sys.stdout.write(json.dumps(answer, allow_nan=False))
    return 0


def _limit_memory() -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or most > _MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, most))


def _profile(request: "Dict[str, Any]") -> "Dict[str, Any]":
    """Describe a table. If pyarrow cannot read one of its text files, read all of them without it."""
    try:
        return _described(request["files"], fast=True)
    except _SlowerError:
        return _described(request["files"], fast=False)


class _SlowerError(Exception):
    """Pyarrow cannot read a text file."""


def _described(files: "List[Dict[str, Any]]", fast: bool) -> "Dict[str, Any]":
    table = Table()
    for file in files:
        try:
            notes = _take(table, file, fast)
        except UnreadableError as error:
            notes = ["not all of it was read: {}".format(error)]
        except (ValueError, OSError) as error:
            notes = ["it cannot be read: {}".format(error)]
        table.notes += [_note(file, note, len(files)) for note in notes]
    return table.described()


def _note(file: "Dict[str, Any]", text: str, many: int) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST_NOTE else text[: _LONGEST_NOTE - 3] + "..."
    return "{}: {}".format(file["name"], text) if many > 1 else text


def _take(table: "Table", file: "Dict[str, Any]", fast: bool) -> "List[str]":
    """Add a file to the table, and return notes on what is odd about it."""
    path, form = file["path"], file["form"]
    if os.path.getsize(path) == 0:
        return ["it is empty"]
    if form == "parquet":
        _take_batches(table, arrow.parquet_batches(path))
        return []
    reader = reader_of(path, form, file["options"])
    if fast and isinstance(reader, Delimited) and os.path.getsize(path) > _LARGE:
        try:
            _take_batches(table, arrow.csv_batches(path, reader))
        except arrow.NoArrowError:
            raise _SlowerError()
        return reader.notes
    try:
        for names, rows in reader.blocks():
            table.add_rows(names, rows, typed=form == "jsonl")
    except UnreadableError as error:
        reader.note("not all of it was read: {}".format(error))
    return reader.notes


def _take_batches(table: "Table", batches: "Iterator[Any]") -> None:
    for batch in batches:
        names = [str(name) for name in batch.schema.names]
        for column, values in zip(table.columns_of(names), batch.columns):
            arrow.extend(column, values)
        table.took(batch.num_rows)
        wanted = table.wants_head(len(names))
        if wanted:
            table.keep_head(names, arrow.rows_of(batch.slice(0, wanted)))


def _blocks(file: "Dict[str, Any]") -> "Iterator[Tuple[List[str], List[List[str]]]]":
    """Yield the blocks of a file: column names and rows of texts."""
    if os.path.getsize(file["path"]) == 0:
        return
    if file["form"] == "parquet":
        for batch in arrow.parquet_batches(file["path"]):
            yield [str(name) for name in batch.schema.names], list(arrow.rows_of(batch))
        return
    for names, rows in reader_of(file["path"], file["form"], file["options"]).blocks():
        yield names, [[text_of(value) for value in row] for row in rows]


def _rows(request: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return the first rows."""
    names, records, notes = [], [], []  # type: List[str], List[Dict[str, str]], List[str]
    for file in request["files"]:
        try:
            for block_names, rows in _blocks(file):
                names += [name for name in block_names if name not in names]
                records += [dict(zip(block_names, cells_of(row))) for row in rows[: request["limit"] - len(records)]]
                if len(records) >= request["limit"]:
                    break
        except (UnreadableError, ValueError, OSError) as error:
            notes.append(_note(file, str(error), len(request["files"])))
        if len(records) >= request["limit"]:
            break
    return {"columns": names, "rows": [[row.get(name, "") for name in names] for row in records], "notes": notes}


def _difference(request: "Dict[str, Any]") -> "Dict[str, Any]":
    """Count the rows that only one of two tables has, compared by their common columns."""
    sides = request["files"], request["other"]
    try:
        names = [_names(files) for files in sides]
        common = [name for name in names[0] if name in names[1]]
        before, after = (_counted(files, common) for files in sides)
    except (UnreadableError, ValueError, OSError) as error:
        return {"notes": ["the rows cannot be compared: {}".format(error)]}
    return {"removed": sum((before - after).values()), "added": sum((after - before).values()), "notes": []}


def _names(files: "List[Dict[str, Any]]") -> "List[str]":
    known: "Dict[str, None]" = {}
    for file in files:
        for names, _ in _blocks(file):
            known.update((name, None) for name in names)
            if file["form"] != "jsonl":
                break
    return list(known)


def _counted(files: "List[Dict[str, Any]]", names: "List[str]") -> "Counter[int]":
    counts: "Counter[int]" = Counter()
    rows_read = 0
    for file in files:
        for block_names, rows in _blocks(file):
            places = {name: at for at, name in enumerate(block_names)}
            chosen = [places.get(name, -1) for name in names]
            counts.update(hash(tuple(row[at] if at >= 0 else "" for at in chosen)) for row in rows)
            rows_read += len(rows)
            if rows_read > _MOST_COMPARED:
                raise ValueError("there are more than {} of them".format(_MOST_COMPARED))
    return counts
