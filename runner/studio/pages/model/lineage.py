"""The lineage of a model version."""

from __future__ import annotations

from flask import url_for
from markupsafe import Markup

from runner.api import ModelVersion, Run
from runner.studio.versions.lineage import Lineage, link_to_version


def lineage_graph(version: ModelVersion) -> Markup:
    """Return the lineage graph of a version."""
    lineage, run, graph = version.lineage, version.run, Lineage()
    assets = _assets(run)
    before = [
        graph.add("data", assets.get(name, name), [], link=link_to_version("asset", assets.get(name, "")))
        for name in lineage["data"]
    ]
    if lineage["git_commit"]:
        before.append(graph.add("git commit", lineage["git_commit"][:12], []))
    sources = before
    if lineage["run"]:
        link, word = (url_for("run.index", run=run.id), "run") if run else ("", "run, deleted")
        sources = [graph.add("run", lineage["run"], before, link=link, word=word)]
    if lineage["sweep"]:
        sweep = lineage["sweep"]
        sources = [*sources, graph.add("sweep", sweep, before, link=url_for("sweep.index", sweep=sweep))]
    model = graph.add("model", lineage["model"], sources, is_subject=True)
    for name in lineage["endpoints"]:
        graph.add("endpoint", name, [model], link=url_for("endpoint.index", name=name))
    return graph.draw(f"From data to endpoints of {version.reference}")


def _assets(run: Run | None) -> dict[str, str]:
    """Return the data versions that a run read, by the names of its inputs."""
    prepared = run.record.prepare if run else None
    return (
        {name: input_record.asset for name, input_record in prepared.inputs.items() if input_record.asset}
        if prepared
        else {}
    )
