"""A running trial: its run in a thread, and the metrics it reports."""

from __future__ import annotations

import dataclasses
import traceback
from concurrent.futures import Future
from dataclasses import dataclass, field

from runner.execution.context import RunContext
from runner.execution.control import request_cancel
from runner.execution.metrics import numbers_of
from runner.execution.plan import Plan
from runner.io.growing import GrowingLines
from runner.layout import RunLayout
from runner.pipeline import execute
from runner.records import MetricLine, RunRecord
from runner.session import opened
from runner.statuses import FAILED
from runner.sweeps.records import TrialRecord


@dataclass
class Trial:
    """A trial that is running. `asked` counts requests to end it."""

    record: TrialRecord
    context: RunContext
    work: Future[RunRecord]
    reports: Reports
    asked: int = 0

    def end(self, reason: str) -> None:
        """Ask it to end. The second request ends it immediately."""
        if not self.asked:
            self.context.run.root.mkdir(parents=True, exist_ok=True)  # it may not have started
            request_cancel(self.context.run, "the sweep", reason)
        self.asked += 1
        if self.context.job is not None:
            self.context.job.cancel()


@dataclass
class Reports:
    """The values of one metric of a run, read as they are logged."""

    run: RunLayout
    metric: str
    values: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = GrowingLines(self.run.metrics, MetricLine)

    def read(self) -> bool:
        """Read new values; return whether there were any."""
        before = len(self.values)
        for line in self._lines.added():
            if line["name"] == self.metric:
                self.values += numbers_of(line)
        return len(self.values) > before


def carry_out(context: RunContext, record: RunRecord, plan: Plan) -> RunRecord:
    """Execute a trial's run and return its final record. An internal error only fails this trial."""
    try:
        with opened(context, record, plan.yaml):
            return execute(context, record, lambda _word, _seconds: None)
    except Exception as error:  # noqa: BLE001 - reported below, and in the trial's record
        traceback.print_exc()
        reason = f"internal error: {type(error).__name__}: {error}"
        return dataclasses.replace(record, status=FAILED, error=reason)
