"""Reads a Parquet file from standard input and prints its first rows as JSON. Its memory is limited."""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

_MEMORY = 2 << 30


def main(rows: int, columns: int) -> dict[str, Any]:
    """Return the columns, the first rows and the number of rows, or the problem."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        from pyarrow import ArrowException, cpu_count, parquet, set_cpu_count
    except ImportError:
        return {"problem": "Install pyarrow to see Parquet files here: pip install pyarrow"}
    set_cpu_count(min(2, cpu_count()))
    try:
        file = parquet.ParquetFile(sys.stdin.buffer)
        names = file.schema_arrow.names[:columns]
        batch = next(file.iter_batches(batch_size=rows, columns=names), None)
        texts = [] if batch is None else [[str(value) for value in row.values()] for row in batch.to_pylist()]
    except (ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        return {"problem": f"This file cannot be read as Parquet: {error}"}
    return {"columns": names, "rows": texts, "count": file.metadata.num_rows}


if __name__ == "__main__":
    json.dump(main(*map(int, sys.argv[1:3])), sys.stdout)
