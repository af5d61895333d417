"""The views of a model."""

from __future__ import annotations

import re

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from runner.api import Model, ModelVersion, Workspace
from runner.errors import UserError
from runner.studio.page import Page
from runner.studio.pages.model.actions import ACTIONS
from runner.studio.pages.model.card import card
from runner.studio.pages.model.differences import Part, differences
from runner.studio.pages.model.history import numbers_of
from runner.studio.pages.model.lineage import lineage_graph
from runner.studio.versions.actions import carry_out
from runner.studio.versions.alias_changes import alias_changes
from runner.studio.versions.reading import read_versions

page = Page("model", "Model", menu=False, below="models", charts=True)
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
    found, problems = read_versions(model, workspace.model)
    if version is None and not found:
        raise UserError(problems[0])
    picked = found[-1] if version is None else workspace.model(f"{name}:{version}")
    metrics, other = numbers_of(found, last=_parameters(picked)), request.args.get("with", "")
    difference, problem = _difference(workspace, picked, other)
    return page.render(
        title=picked.reference, command=("models", "show", picked.reference), named=model, picked=picked,
        versions=found, problems=problems, problem=problem, aliases=model.aliases, card=card(picked),
        metrics=metrics, metric=_chosen_metric(list(metrics)), graph=lineage_graph(picked),
        changes=alias_changes(model), other=other, difference=difference, count=len(model.version_numbers()),
        has_diagram=picked.diagram is not None,
    )  # fmt: skip


def _difference(workspace: Workspace, picked: ModelVersion, other: str) -> tuple[list[Part], str]:
    """Return what changed since the version that the address names, or why that is not known."""
    if not other:
        return [], ""
    try:
        return differences(workspace.model(f"{picked.name}:{other}"), picked), ""
    except UserError as error:
        return [], str(error)


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
    return carry_out(ACTIONS, action, workspace.model(f"{name}:{version}"))
