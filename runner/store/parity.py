"""The report on how accurately a version is computed when accelerated. It is stored beside the version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.io.files import write_json
from runner.io.json_records import as_record, read_mapping
from runner.layout import Layout
from runner.records import ModelRecord, ParityRecord

_NAME = "parity-onnx.json"


def keep_parity(layout: Layout, record: ModelRecord, report: Mapping[str, Any]) -> None:
    """Save a report, replacing an earlier one."""
    write_json(layout.model(record.name) / str(record.version) / _NAME, report)


def read_parity(layout: Layout, record: ModelRecord) -> dict[str, Any] | None:
    """Return the latest report, or None."""
    path = layout.model(record.name) / str(record.version) / _NAME
    try:
        parity = read_mapping(path)
    except FileNotFoundError:
        return None
    as_record(parity, ParityRecord, path)
    return parity
