"""Tables as data frames, in a process whose user has pandas."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError
from runner.store.data.records import TABLE, AssetRecord
from runner.store.data.store import DataStore
from runner.store.data.tables import TableFile, table_files
from runner.worker.tables.texts import Delimited, reader_of


def frame_of(store: DataStore, record: AssetRecord) -> Any:
    """Return the rows of a table as a data frame.

    Raises
    ------
    UserError
        If it is not a table, pandas is not installed, or it cannot read a file.
    """
    if record.type != TABLE:
        raise UserError(f"{record.id} is a {record.type}, not a table", "Read its files: .path")
    try:
        import pandas as pd
    except ImportError:
        raise UserError("pandas is not installed", "Install it: pip install pandas") from None
    files = table_files(store.path(record), [file.path for file in store.files(record)])
    try:
        frames = [_read(pd, file) for file in files]
    except (ValueError, ImportError, OSError) as error:
        raise UserError(f"pandas cannot read {record.id}: {error}") from None
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _read(pd: Any, file: TableFile) -> Any:
    if file["form"] == "parquet":
        return pd.read_parquet(file["path"])
    if file["form"] == "jsonl":
        return pd.read_json(file["path"], lines=True)
    reader = reader_of(file["path"], file["form"], file["options"])
    assert isinstance(reader, Delimited)  # noqa: S101 - the only other form of text
    header = 0 if file["options"].get("header", True) else None
    return pd.read_csv(file["path"], sep=reader.delimiter(), encoding=reader.encoding(), header=header)
