"""An endpoint as a row of a listing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.config.endpoint_settings import EndpointSettings
from runner.errors import UserError, storage_error

if TYPE_CHECKING:
    from runner.api.endpoints.endpoint import Endpoint
    from runner.endpoints.store import EndpointStore


def row_of(endpoint: Endpoint, store: EndpointStore) -> dict[str, Any]:
    """Return the row of an endpoint, also if its record is damaged."""
    try:
        return _described(endpoint)
    except (UserError, OSError) as error:
        # A bad record must not hide other endpoints, or that its own endpoint is running.
        return _damaged(endpoint.name, store, str(storage_error(error) or error))


def _described(endpoint: Endpoint) -> dict[str, Any]:
    record = endpoint.record
    settings = EndpointSettings(**record.settings)  # its fields were checked when the record was read
    status = endpoint.servers().status(endpoint.name)
    return {
        "name": endpoint.name,
        "kind": settings.kind,
        "status": status.word,
        "address": settings.address,
        "models": [deployment.to_json() for deployment in record.deployments],
        "served": status.states[0]["served"] if status.states else [],
        "processes": [state["pid"] for state in status.states],
        "image": record.image,
        "generation": record.generation,
        "keys": settings.needs_keys,
        "problem": status.problem,
    }


def _damaged(name: str, store: EndpointStore, problem: str) -> dict[str, Any]:
    states = store.states(name) if store.alive(name) else []
    return {
        "name": name,
        "kind": None,
        "status": "degraded" if states else "damaged",
        "address": None,
        "models": [],
        "served": states[0]["served"] if states else [],
        "processes": [state["pid"] for state in states],
        "image": None,
        "generation": None,
        "keys": None,
        "problem": problem,
    }
