"""The row of a run in a list, read from its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.execution.metrics import last_values
from runner.io.clock import seconds_between
from runner.io.json_records import read_lines, warn_once
from runner.layout import RunLayout
from runner.records import MetricLine, RunRecord
from runner.statuses import TERMINAL
from runner.store.runs import read_record


def read_row(folder: Path) -> dict[str, Any] | None:
    """Return the row of the run in a folder, or None if its record cannot be read."""
    try:
        record = read_record(folder)
        row = row_of(record)
        if record.finalize is None and record.status in TERMINAL:  # it ended before its metrics were recorded
            row["metrics"] = metrics_so_far(RunLayout(folder))
        return row
    except UserError:
        return None  # named by `unreadable`


def row_of(record: RunRecord) -> dict[str, Any]:
    """Return the fields of a run that lists show."""
    made = record.register
    return {
        "id": record.id,
        "experiment": record.experiment,
        "status": record.status,
        "created": record.created,
        "ended": record.ended,
        "duration": seconds_between(record.created, record.ended) if record.ended else None,
        "params": _params(record),
        "metrics": dict(record.finalize.metrics) if record.finalize else {},
        "objective": _objective(record),
        "tags": dict(record.tags),
        "model": f"{made.model}:{made.version}" if made else None,
        "display_name": record.display_name,
        "error": record.error,
        "user": record.user,
    }


def _params(record: RunRecord) -> dict[str, Any]:
    """Return a run's named arguments."""
    arguments = record.part("job").get("arguments")
    return dict(arguments) if isinstance(arguments, Mapping) else {}


def _objective(record: RunRecord) -> Any:
    """Return the objective of a trial's sweep, as configured."""
    return record.part("sweep").get("objective")


def metrics_so_far(run: RunLayout) -> dict[str, Any]:
    """Return the last value of each metric logged so far. Whatever the script wrote, other runs stay readable."""
    try:
        return last_values(read_lines(run.metrics, MetricLine))
    except UserError as error:
        warn_once(run.metrics, str(error))
        return {}
