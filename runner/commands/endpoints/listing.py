"""``vivero endpoints``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, wants_json, workspace
from runner.commands.output import emit_json, note, show_table
from runner.errors import UserError, storage_error

if TYPE_CHECKING:
    from runner.endpoints.servers import Servers
    from runner.endpoints.store import EndpointStore
    from runner.records import EndpointRecord


@click.command()
@global_options
def endpoints() -> None:
    """List endpoints: address, models and state."""
    from runner.console.tables import Column
    from runner.endpoints.store import EndpointStore

    store = EndpointStore(workspace())
    rows = []
    for name in store.listed():
        try:
            rows.append(describe(store, name))
        except (
            UserError,
            OSError,
        ) as error:  # a bad record must not hide other endpoints, or that its own endpoint is running
            rows.append(_damaged(store, name, str(storage_error(error) or error)))
    if wants_json():
        emit_json(rows)
    elif rows:
        columns: list[Column | str] = [
            "ENDPOINT",
            "STATUS",
            "ADDRESS",
            Column("MODELS", fold=True),
            Column("KEYS", optional=1),
            Column("PROBLEM", fold=True),
        ]
        table = [
            [
                row["name"],
                row["status"],
                row["address"] or "",
                _models(row),
                "" if row["keys"] is None else "yes" if row["keys"] else "no",
                row["problem"] or "",
            ]
            for row in rows
        ]
        show_table(columns, table)
    else:
        note("No endpoints yet. Deploy a model: vivero deploy NAME")


def describe(store: EndpointStore, name: str) -> dict[str, Any]:
    """Return the description of an endpoint."""
    from runner.config.endpoint_settings import EndpointSettings

    record = store.read(name)
    settings = EndpointSettings(**record.settings)  # its fields were checked when the record was read
    status = servers_of(store, record).status(name)
    return {
        "name": name,
        "kind": settings.kind,
        "status": status.word,
        "address": settings.address,
        "models": [one.to_json() for one in record.deployments],
        "served": status.states[0]["served"] if status.states else [],
        "processes": [state["pid"] for state in status.states],
        "image": record.image,
        "generation": record.generation,
        "keys": settings.needs_keys,
        "problem": status.problem,
    }


def _damaged(store: EndpointStore, name: str, problem: str) -> dict[str, Any]:
    """Return the description of an endpoint whose record cannot be read."""
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


def servers_of(store: EndpointStore, record: EndpointRecord) -> Servers:
    """Return the server of an endpoint."""
    from runner.config.endpoint_settings import EndpointSettings
    from runner.wiring import make_servers

    return make_servers(EndpointSettings(**record.settings).kind, store.layout, note)


def _models(row: dict[str, Any]) -> str:
    served = {one["name"]: one["version"] for one in row["served"]}
    shown = []
    for one in row["models"]:
        version = served.get(one["name"], one["version"]) if "@" in one["reference"] else one["version"]
        more = " mirror" if one["mirror"] else f" {one['weight']:g}" if one["weight"] != 1 else ""
        shown.append(f"{one['name']}:{version}{more}")
    return " ".join(shown or [f"{name}:{version}" for name, version in served.items()])
