"""The logs of an endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import NotFoundError, nearest
from runner.layout import EndpointLayout

if TYPE_CHECKING:
    from runner.api.endpoints.endpoint import Endpoint

TAIL = 256 << 10


def logs_in(folder: EndpointLayout) -> dict[str, Path]:
    """Return the logs in an endpoint's folder by name."""
    from runner.api.run_files.listed import files_below

    return files_below(folder.logs)


def content_of(endpoint: Endpoint, name: str) -> bytes:
    """Return the content of a log. That of a container's servers comes from its engine."""
    from runner.io.json_records import LARGEST_LINES, read_bytes

    if name == EndpointLayout.log.name:
        return endpoint.servers().log(endpoint.name)
    return read_bytes(_file(endpoint, name), LARGEST_LINES)


def tail_of(endpoint: Endpoint, name: str, largest: int) -> str:
    """Return the last whole lines of a log, at most so many bytes."""
    from runner.api.tail import last_lines

    if name == EndpointLayout.log.name and endpoint.settings.kind != "local":
        return content_of(endpoint, name)[-largest:].decode("utf-8", "replace")
    return last_lines(_file(endpoint, name), largest)


def _file(endpoint: Endpoint, name: str) -> Path:
    found = endpoint.logs()
    if name not in found:
        raise NotFoundError(f"Endpoint {endpoint.name} has no log '{name}'", nearest(name, found))
    return found[name]
