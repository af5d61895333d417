"""Reads a run's folder for the commands that show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from runner.layout import RunLayout
    from runner.records import RunRecord


def metric_series(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every metric in a file in the order of logging: name -> list of {value, step, time, kind}.

    Excludes values that were moved to a child run.
    """
    from runner.execution.metrics import kind_of
    from runner.io.json_records import read_lines
    from runner.records import MetricLine

    series: dict[str, list[dict[str, Any]]] = {}
    for line in read_lines(path, MetricLine):
        if kind_of(line).removes:
            series.pop(line["name"], None)
            continue
        entry = {
            "value": line.get("value"),
            "step": line.get("step"),
            "time": line.get("time"),
            "kind": line.get("kind"),
        }
        series.setdefault(line["name"], []).append(entry)
    return series


def series_in_words(run: RunLayout) -> dict[str, str]:
    """Return a description of each metric that is not a single value: a list, rows, a table, an image."""
    from runner.execution.metrics import last_values
    from runner.io.json_records import read_lines
    from runner.records import MetricLine

    series = metric_series(run.metrics)
    single = last_values(read_lines(run.metrics, MetricLine))
    return {
        name: f"{entries[-1]['kind'] or 'list'}, {len(entries)} {'entry' if len(entries) == 1 else 'entries'}"
        for name, entries in series.items()
        if name not in single
    }


def last_metrics(run: RunLayout, record: RunRecord) -> dict[str, Any]:
    """Return each metric's last value: as finalized, or so far."""
    from runner.execution.metrics import last_values
    from runner.io.json_records import read_lines
    from runner.records import MetricLine

    return (
        dict(record.finalize.metrics)
        if record.finalize is not None
        else last_values(read_lines(run.metrics, MetricLine))
    )


def log_files(run: RunLayout) -> dict[str, Path]:
    """Return the logs by name: those of the run and, while it is running, those in the script's ``./logs``."""
    from runner.io.files import list_files

    folders = (run.work_logs, run.logs)
    return {
        name: folder / name
        for folder in folders
        if folder.is_dir() and not folder.is_symlink()
        for name in list_files(folder)
    }


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested mappings to dotted keys. Lists and empty mappings are values."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, Mapping) and item:
            found.update(flat(item, f"{name}."))
        else:
            found[name] = item
    return found
