"""Scale: the compute says where the run goes."""

from __future__ import annotations

from runner.execution.context import Bench
from runner.records import RunRecord, ScaleRecord


def scale(bench: Bench, _record: RunRecord) -> ScaleRecord:
    """Have nodes and slots ready."""
    return bench.compute.scale()
