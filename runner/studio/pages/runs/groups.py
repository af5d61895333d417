"""Groups of runs: by experiment, sweep, pipeline or the value of a tag."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.api import Run, Sweep, UserError, Workspace

GROUPED = ("experiment", "sweep", "pipeline")  # and tags.NAME


@dataclass
class Group:
    """The runs with one value, None for those without. `chosen` are the fields of a `State` that lists them."""

    key: str | None
    chosen: Mapping[str, str]
    newest: str = ""
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """The number of its runs."""
        return self.statuses.total()


def is_group(by: str) -> bool:
    """Return whether runs can be grouped by a name."""
    return by in GROUPED or (by.startswith("tags.") and by != "tags.")


def group(workspace: Workspace, rows: Iterable[Mapping[str, Any]], by: str, where: str = "") -> list[Group]:
    """Return the groups, the one with the newest run first. `where` is the expression that selected the rows."""
    find = _OWNERS[by](workspace) if by in _OWNERS else None
    tag = by.partition(".")[2]
    groups: dict[str | None, Group] = {}
    for row in rows:
        key = find.get(row["id"]) if find is not None else row["tags"].get(tag) if tag else row["experiment"]
        bucket = groups.get(key)
        if bucket is None:
            bucket = groups[key] = Group(key, _chosen(by, tag, key, where))
        bucket.statuses[row["status"]] += 1
        bucket.newest = max(bucket.newest, row["created"])
    return sorted(groups.values(), key=lambda bucket: (bucket.key is not None, bucket.newest), reverse=True)


def _sweeps(workspace: Workspace) -> Mapping[str, str]:
    """Return the sweep of each trial's run."""
    return {trial: sweep.id for sweep in workspace.sweeps() for trial in run_ids(sweep)}


def _pipelines(workspace: Workspace) -> Mapping[str, str]:
    """Return the pipeline that computed each step's run, not those that reused it."""
    return {
        step.run: pipeline.id
        for pipeline in _readable(workspace)
        for step in pipeline.steps
        if step.run is not None and not step.reused
    }


def _readable(workspace: Workspace) -> Iterator[Run]:
    for pipeline in workspace.pipelines():
        with contextlib.suppress(UserError):  # the list of pipelines shows that its record is damaged
            pipeline.refresh()
            yield pipeline


_OWNERS = {"sweep": _sweeps, "pipeline": _pipelines}


def run_ids(sweep: Sweep) -> set[str]:
    """Return the ids of the runs of a sweep's trials."""
    return {trial.run for trial in sweep.record.trials if trial.run is not None}


def ids_of(workspace: Workspace, sweep: str, pipeline: str) -> set[str]:
    """Return the ids of the runs of a sweep's trials, of a pipeline and its steps, or those that are in both."""
    id_sets = [run_ids(workspace.sweep(sweep))] if sweep else []
    if pipeline:
        run = workspace.run(pipeline)
        id_sets.append({run.id, *(step.run for step in run.steps if step.run is not None)})
    return set.intersection(*id_sets)


def _chosen(by: str, tag: str, key: str | None, where: str) -> dict[str, str]:
    if not tag:
        return {} if key is None else {by: key}
    has_value = f"tags[{tag!r}] == {'None' if key is None else repr(key)}"
    return {"where": f"({where}) and {has_value}" if where else has_value}


def tags_of(rows: Iterable[Mapping[str, Any]], most: int = 30) -> list[str]:
    """Return the tags that most runs have."""
    many = Counter(name for row in rows for name in row["tags"] if len(name) <= 100)
    return [name for name, _ in many.most_common(most)]
