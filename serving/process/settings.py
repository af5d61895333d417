"""Reads an endpoint's folder."""

from __future__ import annotations

from pathlib import Path

from runner.config.endpoint_settings import EndpointSettings
from runner.io.json_records import read_record
from runner.layout import EndpointLayout, Layout
from runner.records import EndpointRecord


def read_endpoint(folder: Path) -> tuple[Layout, EndpointLayout, EndpointRecord, EndpointSettings]:
    """Return workspace, paths, record and settings of an endpoint."""
    endpoint = EndpointLayout(folder)
    record = read_record(endpoint.record, EndpointRecord)
    return Layout(folder.parent.parent), endpoint, record, EndpointSettings(**record.settings)
