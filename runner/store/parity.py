"""The report beside a version on how far an accelerated form of it is off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from runner.files import write_json
from runner.layout import Layout
from runner.records import ModelRecord

_NAME = "parity-onnx.json"


def keep_parity(layout: Layout, record: ModelRecord, report: Mapping[str, Any]) -> None:
    """Keep a report; the latest one stands."""
    write_json(layout.model(record.name) / str(record.version) / _NAME, report)


def read_parity(layout: Layout, record: ModelRecord) -> dict[str, Any] | None:
    """Return the latest report, None if there never was one."""
    try:
        return dict(json.loads((layout.model(record.name) / str(record.version) / _NAME).read_bytes()))
    except FileNotFoundError:
        return None
