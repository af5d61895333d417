"""The lineage of a data version."""

from __future__ import annotations

from flask import url_for
from markupsafe import Markup

from runner.api import DataVersion, UserError, Workspace
from runner.studio.versions.lineage import Lineage, link_to_version

_LOOKED_AT = 30  # runs and models whose records are read to find out how they are connected


def lineage_graph(workspace: Workspace, version: DataVersion) -> Markup:
    """Return the lineage graph of a version."""
    lineage, graph = version.lineage, Lineage()
    subject = graph.add("data", version.reference, _origin(version, graph), is_subject=True)
    runs = {run: graph.add("run", run, [subject], link=url_for("run.index", run=run)) for run in lineage["runs"]}
    models: dict[str, str] = {}
    for number, reference in enumerate(lineage["models"]):
        run = _run_of(workspace, reference) if number < _LOOKED_AT else None
        needs = [runs[run]] if run in runs else [subject]  # through steps of a pipeline or versions made of this one
        models[reference] = graph.add("model", reference, needs, link=link_to_version("model", reference))
    for name in lineage["endpoints"]:
        served = [models[reference] for reference in _served(workspace, name) if reference in models]
        graph.add("endpoint", name, served or list(models.values())[:1], link=url_for("endpoint.index", name=name))
    for run, key in list(runs.items())[:_LOOKED_AT]:
        for reference in _outputs(workspace, run):
            graph.add("data", reference, [key], link=link_to_version("asset", reference))
    return graph.draw(f"From its source to endpoints of {version.reference}")


def _origin(version: DataVersion, graph: Lineage) -> list[str]:
    """Add the run that made a version, or the source that it was added from. Return the keys of these nodes."""
    record, run = version.record, version.run
    if record.run is None:
        return [graph.add("source", record.source, [], word="added from")] if record.source else []
    before: list[str] = []
    prepared = None
    if run is not None:
        prepared = run.record.prepare
        inputs = (
            [input_record.asset for input_record in prepared.inputs.values() if input_record.asset] if prepared else []
        )
        before = [graph.add("input", asset, [], link=link_to_version("asset", asset), word="data") for asset in inputs]
    link = url_for("run.index", run=record.run) if run is not None else ""
    word = "made by run" if run is not None else "made by run, deleted"
    return [graph.add("maker", record.run, before, link=link, word=word)]


def _run_of(workspace: Workspace, reference: str) -> str | None:
    try:
        return workspace.model(reference).record.run
    except UserError:
        return None


def _served(workspace: Workspace, endpoint: str) -> list[str]:
    try:
        return [f"{model['name']}:{model['version']}" for model in workspace.endpoints.get(endpoint).row["models"]]
    except UserError:
        return []


def _outputs(workspace: Workspace, run: str) -> list[str]:
    """Return the data versions that a run made."""
    try:
        finished = workspace.run(run).record.finalize
        return list(finished.data.values()) if finished else []
    except UserError:
        return []
