"""The views of a model."""

from __future__ import annotations

import re

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from runner.api import Model, ModelVersion, Workspace
from runner.errors import UserError
from runner.studio.alias_changes import alias_changes
from runner.studio.page import Page, answer
from runner.studio.pages.model.actions import ACTIONS
from runner.studio.pages.model.card import card
from runner.studio.pages.model.differences import differences
from runner.studio.pages.model.history import numbers_of
from runner.studio.pages.model.lineage import lineage_graph

page = Page("model", "Model", menu=False, below="models", charts=True)
_VERSIONS = 300  # latest versions that the page reads
# A model made this markup, so the sandbox denies it scripts, requests and an origin. Scripts are cut out only because
# the browser would log an error for each.
_SCRIPTS = re.compile(r"""<script\b.*?</script\s*>|\son\w+\s*=\s*("[^"]*"|'[^']*')""", re.DOTALL | re.IGNORECASE)
_HEAD = '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Diagram</title>'
_DIAGRAM = "; ".join((
    "sandbox", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "frame-ancestors 'self'",
))  # fmt: skip


@page.get("/<name>")
def index(workspace: Workspace, name: str) -> ResponseReturnValue:
    """Show a model and its latest version."""
    return _show(workspace, name, None)


@page.get("/<name>/<int:version>")
def version(workspace: Workspace, name: str, version: int) -> ResponseReturnValue:
    """Show a model and one of its versions."""
    return _show(workspace, name, version)


def _show(workspace: Workspace, name: str, version: int | None) -> ResponseReturnValue:
    model = Model(workspace, name)
    if not model.version_numbers():
        workspace.model(name)  # raises an error that suggests existing names
    found, problems = _read(workspace, model)
    if version is None and not found:
        raise UserError(problems[0])
    shown = found[-1] if version is None else workspace.model(f"{name}:{version}")
    other, problem = None, ""
    try:
        other = _other(workspace, shown)
    except UserError as error:
        problem = str(error)
    metrics = numbers_of(found, last=_parameters(shown))
    return page.render(
        title=shown.reference, command=("models", "show", shown.reference), model=model, picked=shown,
        versions=found, problems=problems, problem=problem, aliases=model.aliases, card=card(shown),
        metrics=metrics, metric=_chosen_metric(list(metrics)), graph=lineage_graph(shown),
        changes=alias_changes(model), other=other, differences=differences(other, shown) if other else [],
        count=len(model.version_numbers()), has_diagram=shown.diagram is not None,
    )  # fmt: skip


def _read(workspace: Workspace, model: Model) -> tuple[list[ModelVersion], list[str]]:
    """Return the latest versions, oldest first, and a line about each that cannot be read."""
    found, problems = [], []
    for number in model.version_numbers()[-_VERSIONS:]:
        try:
            found.append(workspace.model(f"{model.name}:{number}"))
        except UserError as error:
            problems.append(str(error))
    return found, problems


def _other(workspace: Workspace, shown: ModelVersion) -> ModelVersion | None:
    """Return the version that the address compares with."""
    text = request.args.get("with", "")
    return workspace.model(f"{shown.name}:{text}") if text else None


def _parameters(version: ModelVersion) -> set[str]:
    """Return the names of its run's parameters. Scripts often log parameters as metrics, too."""
    try:
        return {name.lower() for name in version.run.params} if version.run else set()
    except UserError:  # the run's record is damaged
        return set()


def _chosen_metric(names: list[str]) -> str:
    wanted = request.args.get("metric", "")
    return wanted if wanted in names else (names[0] if names else "")


@page.get("/<name>/<int:version>/diagram")
def diagram(workspace: Workspace, name: str, version: int) -> ResponseReturnValue:
    """Return scikit-learn's diagram of the model, for a frame in which no script runs."""
    markup = workspace.model(f"{name}:{version}").diagram
    if markup is None:
        abort(404)
    document = f"{_HEAD}{_SCRIPTS.sub('', markup)}"
    return Response(document, mimetype="text/html", headers={"Content-Security-Policy": _DIAGRAM})


@page.post("/<name>/<int:version>/<action>")
def act(workspace: Workspace, name: str, version: int, action: str) -> ResponseReturnValue:
    """Carry out an action on the version, and return its message."""
    do = ACTIONS.get(action)
    if do is None:
        abort(404)
    return answer(done=do(workspace.model(f"{name}:{version}"), request.form.get("value", "").strip()))
