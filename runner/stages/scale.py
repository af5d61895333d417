"""Scale: the compute says where the run goes."""

from __future__ import annotations

from runner.execution.context import RunContext
from runner.records import RunRecord, ScaleRecord


def scale(context: RunContext, _record: RunRecord) -> ScaleRecord:
    """Have nodes and slots ready."""
    return context.compute.scale()
