"""Copies the final status and metrics of a trial's run to the sweep's record."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from runner.execution.metrics import numbers_of
from runner.io.json_records import read_lines
from runner.layout import Layout
from runner.records import MetricLine, RunRecord
from runner.statuses import CANCELED, COMPLETED
from runner.sweeps.records import Objective, TrialRecord


def settled(layout: Layout, trial: TrialRecord, run: RunRecord, objectives: Sequence[Objective]) -> TrialRecord:
    """Return a trial's record after its run has ended."""
    return dataclasses.replace(
        trial,
        status=run.status,
        reason=run.error if run.status != COMPLETED else None,
        metrics=_metrics(layout, run, objectives),
        ended=run.ended,
    )


def never_begun(trial: TrialRecord) -> TrialRecord:
    """Return the record of a trial whose controller died between recording its start and creating its run."""
    return dataclasses.replace(trial, status=CANCELED, reason="the controller ended before the trial began")


def _metrics(layout: Layout, run: RunRecord, objectives: Sequence[Objective]) -> dict[str, Any]:
    """Return the last values of a run's metrics. For an objective logged as a list, that is its last number."""
    if run.finalize is None:
        return {}
    metrics = dict(run.finalize.metrics)
    absent = [objective.metric for objective in objectives if objective.metric not in metrics]
    for line in read_lines(layout.run(run.experiment, run.id).metrics, MetricLine) if absent else ():
        if line["name"] in absent:
            metrics.update((line["name"], number) for number in numbers_of(line))
    return metrics
