"""The row of a run in a list, read from its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.execution.metrics import last_values
from runner.io.clock import seconds_between
from runner.io.growing import GrowingLines
from runner.io.json_records import read_lines, warn_once
from runner.layout import RunLayout
from runner.records import MetricLine, RunRecord
from runner.statuses import TERMINAL
from runner.store.edits import changed, read_changes
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
        return None  # reported by `RunIndex.unreadable`


def row_of(record: RunRecord) -> dict[str, Any]:
    """Return the fields of a run that lists show.

    ``duration`` is in seconds, and ``model`` is ``NAME:VERSION``. ``data`` has the asset's version or the hash of each
    input, by name. Values that do not exist yet are None or empty.
    """
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
        "data": _data(record),
        "model": f"{made.model}:{made.version}" if made else None,
        "display_name": record.display_name,
        "error": record.error,
        "user": record.user,
        "note": record.note,
        "archived": record.archived,
    }


def _params(record: RunRecord) -> dict[str, Any]:
    """Return a run's named arguments, or the parameters of the estimator that it declares."""
    if record.config.get("estimator"):
        from runner.training.declared import parameters  # few runs declare one

        return parameters(record.config)
    arguments = record.part("job").get("arguments")
    return dict(arguments) if isinstance(arguments, Mapping) else {}


def _data(record: RunRecord) -> dict[str, str]:
    """Return the version of each data input that is a data asset, and the hash of the others."""
    inputs = record.prepare.inputs if record.prepare else {}
    return {name: input_record.asset or input_record.hash for name, input_record in inputs.items()}


def _objective(record: RunRecord) -> Any:
    """Return the objective of the sweep that a trial belongs to, as configured."""
    return record.part("sweep").get("objective")


class ActiveRun:
    """An active run. Its record does not yet have the metrics it has logged, nor the changes made to it."""

    def __init__(self, run: RunLayout) -> None:
        self._run = run
        self._lines = GrowingLines(run.metrics, MetricLine)
        self._read, self._metrics = 0, dict[str, Any]()

    def current(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return its current row. Reads only the lines logged since the last call."""
        values = {**row, "metrics": row["metrics"] or self._logged()}
        try:
            return values | changed(row, read_changes(self._run))
        except UserError as error:
            warn_once(self._run.root, str(error))
            return values

    def _logged(self) -> dict[str, Any]:
        added = list(self._lines.added())
        if self._lines.restarts != self._read:  # the file was replaced, and all of it was read again
            self._read, self._metrics = self._lines.restarts, {}
        if added:
            self._metrics = last_values(added, self._metrics)
        return self._metrics


def metrics_so_far(run: RunLayout) -> dict[str, Any]:
    """Return the last value of each metric logged so far. A file that cannot be read gives none and a warning."""
    try:
        return last_values(read_lines(run.metrics, MetricLine))
    except UserError as error:
        warn_once(run.metrics, str(error))
        return {}
