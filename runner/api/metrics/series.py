"""Reads the metrics in a run's folder, with every value that was logged."""

from __future__ import annotations

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
