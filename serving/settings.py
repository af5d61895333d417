"""An endpoint's folder as the server reads it."""

from __future__ import annotations

import json
from pathlib import Path

from runner.endpoint_settings import EndpointSettings
from runner.format import check_format
from runner.layout import EndpointLayout, Layout
from runner.records import EndpointRecord


def read_endpoint(folder: Path) -> tuple[Layout, EndpointLayout, EndpointRecord, EndpointSettings]:
    """Return workspace, places, record and settings of an endpoint."""
    endpoint = EndpointLayout(folder)
    content = check_format(json.loads(endpoint.record.read_bytes()), str(endpoint.record))
    record = EndpointRecord.from_json(content)
    return Layout(folder.parent.parent), endpoint, record, EndpointSettings(**record.settings)
