"""The metrics of a trial's run, for the sweep's record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.execution.metrics import numbers_of
from runner.io.json_records import read_lines
from runner.layout import Layout
from runner.records import MetricLine, RunRecord
from runner.sweeps.records import Objective


def trial_metrics(layout: Layout, run: RunRecord, objectives: Sequence[Objective]) -> dict[str, Any]:
    """Return the last values of a run's metrics. For an objective logged as a list, that is its last number."""
    if run.finalize is None:
        return {}
    found = dict(run.finalize.metrics)
    absent = [one.metric for one in objectives if one.metric not in found]
    for line in read_lines(layout.run(run.experiment, run.id).metrics, MetricLine) if absent else ():
        if line["name"] in absent:
            found.update((line["name"], number) for number in numbers_of(line))
    return found
