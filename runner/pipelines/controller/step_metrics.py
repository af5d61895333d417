"""Copies the metrics of steps to their pipeline as ``STEP.METRIC`` while the scripts run.

A pipeline therefore has curves while it runs, and a sweep can stop it early.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from runner.execution.metrics import kind_of
from runner.io.clock import now
from runner.io.files import append_json_line
from runner.io.growing import GrowingLines
from runner.io.json_records import read_lines
from runner.layout import RunLayout
from runner.records import MetricLine


class StepMetrics:
    """The metrics of one pipeline.

    Parameters
    ----------
    run : RunLayout
        The pipeline's run. Metrics of an interrupted attempt are dropped when their step is followed again.
    """

    def __init__(self, run: RunLayout) -> None:
        self._path = run.metrics
        self._followed: dict[str, tuple[RunLayout, GrowingLines]] = {}
        self._last: dict[str, dict[str, Any]] = defaultdict(dict)
        for line in read_lines(self._path, MetricLine):
            step, _, name = line["name"].partition(".")
            self._last[step][name] = line.get("value")

    def follow(self, step: str, run: RunLayout) -> None:
        """Copy what a step's run has logged since the last call. Metrics of an earlier attempt are dropped."""
        known = self._followed.get(step)
        if known is None or known[0].root != run.root:
            self._drop(step)
            known = self._followed[step] = run, GrowingLines(run.metrics, MetricLine)
        for line in known[1].added():
            kind = kind_of(line)
            if kind.series or kind.removes:  # the others stay with the step's own run
                self._append(step, line)

    def _drop(self, step: str) -> None:
        for name in list(self._last.pop(step, ())):
            append_json_line(self._path, {"name": f"{step}.{name}", "kind": "moved", "time": now()})

    def settle(self, step: str, metrics: Mapping[str, Any]) -> None:
        """Log the last values of a step that has completed, unless they were logged already."""
        for name, value in metrics.items():
            if name not in self._last[step] or self._last[step][name] != value:
                self._append(step, {"name": name, "value": value, "time": now()})

    def _append(self, step: str, line: Mapping[str, Any]) -> None:
        append_json_line(self._path, {**line, "name": f"{step}.{line['name']}"})
        self._last[step][line["name"]] = line.get("value")
