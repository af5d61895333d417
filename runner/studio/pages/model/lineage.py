"""Where a version comes from and where it went."""

from __future__ import annotations

from markupsafe import Markup

from runner.api import ModelVersion, Run
from runner.studio.lineage import Lineage, link_to, link_to_version


def lineage_graph(version: ModelVersion) -> Markup:
    """Return the drawing of a version."""
    found, run, graph = version.lineage, version.run, Lineage()
    assets = _assets(run)
    before = [
        graph.add("data", assets.get(name, name), [], link=link_to_version("asset", assets.get(name, "")))
        for name in found["data"]
    ]
    if found["git_commit"]:
        before.append(graph.add("git commit", found["git_commit"][:12], []))
    made = before
    if found["run"]:
        link, word = (link_to("run", run=run.id), "run") if run else ("", "run, deleted")
        made = [graph.add("run", found["run"], before, link=link, word=word)]
    if found["sweep"]:
        made = [*made, graph.add("sweep", found["sweep"], before, link=link_to("sweep", sweep=found["sweep"]))]
    model = graph.add("model", found["model"], made, is_subject=True)
    for name in found["endpoints"]:
        graph.add("endpoint", name, [model], link=link_to("endpoint", name=name))
    return graph.draw(f"From data to endpoints of {version.reference}")


def _assets(run: Run | None) -> dict[str, str]:
    """Return the versions of data assets that the inputs of a run were, by the inputs' names."""
    prepared = run.record.prepare if run else None
    return {name: one.asset for name, one in prepared.inputs.items() if one.asset} if prepared else {}
