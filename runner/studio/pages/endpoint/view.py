"""The views of an endpoint."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from runner.api import Endpoint, Model, Workspace
from runner.api.log_names import SERVER_LOG
from runner.errors import UserError
from runner.studio.page import Page, answer
from runner.studio.pages.endpoint.actions import ACTIONS
from runner.studio.pages.endpoint.form import forms

page = Page("endpoint", "Endpoint", menu=False, below="endpoints", charts=True)
_VERSIONS = 100  # latest versions of each model that can be deployed
_LOG = 64 << 10  # bytes from the end of a log
_KEY = "X-Endpoint-Key"  # the key that the user pasted: it is passed on and not stored


@page.get("/<name>")
def index(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Show an endpoint."""
    found = Endpoint(workspace, name)
    row = found.row
    if row["status"] == "damaged":
        found = workspace.endpoints.get(name)  # raises an error with the reason
    return page.render(
        title=name, command=("endpoints",), row=row, keys=_keys(found), history=_history(found),
        references=_references(workspace, row["models"]), logs=_logs(found),
        logs_payloads=found.settings.log_payloads,
    )  # fmt: skip


def _keys(found: Endpoint) -> dict[str, str]:
    try:
        return found.keys
    except UserError:  # the file is damaged, which the endpoint itself says when it starts
        return {}


def _logs(found: Endpoint) -> list[str]:
    """Return the names of its logs, that of the server first. A container's server log is kept by the engine."""
    names = found.logs()
    server = [SERVER_LOG] if SERVER_LOG in names or found.settings.kind == "docker" else []
    return [*server, *(name for name in sorted(names) if name not in server)]


def _history(found: Endpoint) -> list[list[str]]:
    """Return earlier deployments, newest first."""
    return [[f"{one.name}:{one.version}" for one in deployments] for deployments in reversed(found.history)]


def _references(workspace: Workspace, deployments: list[dict[str, Any]]) -> list[str]:
    """Return the aliases and versions of the served models, which can be deployed."""
    found = []
    for name in dict.fromkeys(one["name"] for one in deployments):
        model = Model(workspace, name)
        found += [f"{name}@{alias}" for alias in model.aliases]
        found += [f"{name}:{version}" for version in model.version_numbers()[: -_VERSIONS - 1 : -1]]
    return found


def _key() -> str | None:
    return request.headers.get(_KEY) or None


@page.get("/<name>/measures")
def measures(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the counters of the endpoint."""
    found = workspace.endpoints.get(name).measures(_key())
    return answer(
        requests=found.requests, statuses=found.statuses, rows=sum(found.rows.values()), seconds=found.seconds,
        count=found.count, errors=found.errors,
        buckets=[[None if limit == float("inf") else limit, count] for limit, count in found.buckets],
    )  # fmt: skip


@page.get("/<name>/forms")
def schema(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the address of the endpoint, and its forms."""
    found = workspace.endpoints.get(name)
    return answer(address=found.address, forms=[dataclasses.asdict(one) for one in forms(found.schema(_key()))])


@page.get("/<name>/log")
def log(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the end of a log and its hash. There is no text if the page already has the one with this hash."""
    wanted, found = request.args.get("log"), workspace.endpoints.get(name)
    text = found.tail(wanted, _LOG) if wanted else ""
    state = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return answer(text=None if request.args.get("known") == state else text, state=state)


@page.get("/<name>/drift")
def drift(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return a table of the drift of the logged inputs."""
    found = workspace.endpoints.get(name)
    return render_template("endpoint/drift.html", drift=found.drift(), share=found.settings.log_payloads, name=name)


@page.post("/<name>/try")
def ask(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Send rows to the endpoint, and return its answer."""
    path, body = request.form.get("path", ""), request.form.get("body", "")
    if not path.startswith("/score"):
        abort(400)
    found = workspace.endpoints.get(name).ask(path, body.encode(), _key())
    return answer(**dataclasses.asdict(found))


@page.post("/<name>/<action>")
def act(workspace: Workspace, name: str, action: str) -> ResponseReturnValue:
    """Carry out an action on the endpoint, and return its message."""
    do = ACTIONS.get(action)
    if do is None:
        abort(404)
    return answer(done=do(workspace.endpoints.get(name), request.form))
