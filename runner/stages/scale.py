"""Scale: prepares nodes and slots."""

from __future__ import annotations

from runner.execution.context import RunContext
from runner.records import RunRecord, ScaleRecord


def scale(context: RunContext, _record: RunRecord) -> ScaleRecord:
    """Prepare nodes and slots."""
    return context.compute.scale()
