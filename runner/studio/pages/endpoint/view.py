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
_VERSIONS = 100  # the latest ones of each model, which can be chosen
_LOG = 64 << 10  # bytes of its end
_KEY = "X-Endpoint-Key"  # what the user pasted: it is sent on, and kept nowhere


@page.get("/<name>")
def index(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Show an endpoint."""
    found = Endpoint(workspace, name)
    row = found.row
    if row["status"] == "damaged":
        found = workspace.endpoints.get(name)  # says what is wrong, or that there is none
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
    """Return the names of its logs, that of the server first. A container's server has its own at the engine."""
    names = found.logs()
    server = [SERVER_LOG] if SERVER_LOG in names or found.settings.kind == "docker" else []
    return [*server, *(name for name in sorted(names) if name not in server)]


def _history(found: Endpoint) -> list[list[str]]:
    """Return earlier deployments, the one before this first."""
    return [[f"{one.name}:{one.version}" for one in deployments] for deployments in reversed(found.history)]


def _references(workspace: Workspace, deployments: list[dict[str, Any]]) -> list[str]:
    """Return the versions and aliases that can be deployed, of the models that it serves."""
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
    """Return what the endpoint has counted."""
    found = workspace.endpoints.get(name).measures(_key())
    return answer(
        requests=found.requests, statuses=found.statuses, rows=sum(found.rows.values()), seconds=found.seconds,
        count=found.count, errors=found.errors,
        buckets=[[None if limit == float("inf") else limit, count] for limit, count in found.buckets],
    )  # fmt: skip


@page.get("/<name>/forms")
def schema(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return what a form has to ask for, by address of the endpoint."""
    found = workspace.endpoints.get(name)
    return answer(address=found.address, forms=[dataclasses.asdict(one) for one in forms(found.schema(_key()))])


@page.get("/<name>/log")
def log(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the end of a log and what it is known by; no text if the page knows it already."""
    wanted, found = request.args.get("log"), workspace.endpoints.get(name)
    text = found.tail(wanted, _LOG) if wanted else ""
    state = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return answer(text=None if request.args.get("known") == state else text, state=state)


@page.get("/<name>/drift")
def drift(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return a table of how the logged inputs changed."""
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
    """Change the endpoint, and say what was done."""
    do = ACTIONS.get(action)
    if do is None:
        abort(404)
    return answer(done=do(workspace.endpoints.get(name), request.form))
