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
    endpoint = Endpoint(workspace, name)
    row = endpoint.row
    if row["status"] == "damaged":
        endpoint = workspace.endpoints.get(name)  # raises an error with the reason
    return page.render(
        title=name, command=("endpoints",), row=row, keys=_keys(endpoint), history=_history(endpoint),
        references=_references(workspace, row["models"]), logs=_logs(endpoint),
        logs_payloads=endpoint.settings.log_payloads,
    )  # fmt: skip


def _keys(endpoint: Endpoint) -> dict[str, str]:
    try:
        return endpoint.keys
    except UserError:  # the file is damaged, which the endpoint itself says when it starts
        return {}


def _logs(endpoint: Endpoint) -> list[str]:
    """Return the names of its logs, that of the server first. A container's server log is kept by the engine."""
    names = endpoint.logs()
    server = [SERVER_LOG] if SERVER_LOG in names or endpoint.settings.kind == "docker" else []
    return [*server, *(name for name in sorted(names) if name not in server)]


def _history(endpoint: Endpoint) -> list[list[str]]:
    """Return earlier deployments, newest first."""
    return [
        [f"{deployment.name}:{deployment.version}" for deployment in deployments]
        for deployments in reversed(endpoint.history)
    ]


def _references(workspace: Workspace, deployments: list[dict[str, Any]]) -> list[str]:
    """Return the aliases and versions of the served models, which can be deployed."""
    references = []
    for name in dict.fromkeys(deployment["name"] for deployment in deployments):
        model = Model(workspace, name)
        references += [f"{name}@{alias}" for alias in model.aliases]
        references += [f"{name}:{version}" for version in model.version_numbers()[: -_VERSIONS - 1 : -1]]
    return references


def _key() -> str | None:
    return request.headers.get(_KEY) or None


@page.get("/<name>/measures")
def measures(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the counters of the endpoint."""
    totals = workspace.endpoints.get(name).measures(_key())
    return answer(
        requests=totals.requests, statuses=totals.statuses, rows=sum(totals.rows.values()), seconds=totals.seconds,
        count=totals.count, errors=totals.errors,
        buckets=[[None if limit == float("inf") else limit, count] for limit, count in totals.buckets],
    )  # fmt: skip


@page.get("/<name>/forms")
def schema(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the address of the endpoint, and its forms."""
    endpoint = workspace.endpoints.get(name)
    return answer(address=endpoint.address, forms=[dataclasses.asdict(form) for form in forms(endpoint.schema(_key()))])


@page.get("/<name>/log")
def log(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return the end of a log and its hash. There is no text if the page already has the one with this hash."""
    wanted, endpoint = request.args.get("log"), workspace.endpoints.get(name)
    text = endpoint.tail(wanted, _LOG) if wanted else ""
    state = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
    return answer(text=None if request.args.get("known") == state else text, state=state)


@page.get("/<name>/drift")
def drift(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Return a table of the drift of the logged inputs."""
    endpoint = workspace.endpoints.get(name)
    return render_template(
        "endpoint/drift.html", drift=endpoint.drift(), share=endpoint.settings.log_payloads, name=name
    )


@page.post("/<name>/try")
def ask(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Send rows to the endpoint, and return its answer."""
    path, body = request.form.get("path", ""), request.form.get("body", "")
    if not path.startswith("/score"):
        abort(400)
    reply = workspace.endpoints.get(name).ask(path, body.encode(), _key())
    return answer(**dataclasses.asdict(reply))


@page.post("/<name>/<action>")
def act(workspace: Workspace, name: str, action: str) -> ResponseReturnValue:
    """Carry out an action on the endpoint, and return its message."""
    do = ACTIONS.get(action)
    if do is None:
        abort(404)
    return answer(done=do(workspace.endpoints.get(name), request.form))
