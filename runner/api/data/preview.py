"""The beginning of a data asset."""

from __future__ import annotations

import codecs
import itertools
from dataclasses import dataclass, field

from runner.errors import UserError
from runner.store.data.records import FOLDER, TABLE, AssetRecord
from runner.store.data.store import DataStore
from runner.store.data.tables import ask, table_files

_LONGEST = 64 << 10  # bytes of a line that is shown


@dataclass(frozen=True)
class Preview:
    """First rows as texts: of a table, of the lines of a text, or of the files of a folder."""

    columns: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows)


def preview_of(store: DataStore, record: AssetRecord, rows: int) -> Preview:
    """Return the first rows of a version. What the record has is not read again.

    Raises
    ------
    UserError
        If the content is gone or has changed, or pyarrow is needed and missing.
    """
    if record.type == FOLDER:
        files = itertools.islice(store.files(record), rows)
        return Preview(["file", "bytes"], [[file.path, str(file.bytes)] for file in files])
    table = record.table
    if table is not None and (rows <= len(table.head) or table.rows == len(table.head)):
        head = [list(row) for row in table.head[:rows]]
        return Preview([column.name for column in table.columns], head, list(table.notes))
    store.check(record)
    if record.type != TABLE:
        return _lines(store, record, rows)
    names = [file.path for file in store.files(record)]
    answer = ask({"task": "rows", "limit": rows, "files": table_files(store.path(record), names)})
    return Preview(answer.get("columns", []), answer.get("rows", []), answer.get("notes", []))


def _lines(store: DataStore, record: AssetRecord, rows: int) -> Preview:
    path, lines = store.path(record), list[list[str]]()
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        with path.open("rb") as file:
            while len(lines) < rows and (line := file.readline(_LONGEST)):
                # A longer line is shown in parts, and a part can end inside a character.
                lines.append([decode(line, len(line) < _LONGEST).rstrip("\r\n")])
    except UnicodeDecodeError:
        return Preview(["line"], [], [f"{record.content} is not a text"])
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    return Preview(["line"], lines)
