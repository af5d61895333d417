"""The steps of a pipeline as a tree. A step that is a pipeline itself is followed by its own steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import url_for

from runner.api import Run, UserError, Workspace
from runner.charts.steps import Step, state_word, took

_DEEPEST = 20


@dataclass(frozen=True)
class Line:
    """A line of the tree: a step, the run of its pipeline, and the address of its own run."""

    pipeline: Run
    step: Any
    depth: int
    link: str

    @property
    def state(self) -> str:
        """The state in words."""
        return state_word(self.step)

    @property
    def took(self) -> float | None:
        """The seconds that it took or has taken so far."""
        return took(self.step)


def tree(workspace: Workspace, run: Run, depth: int = 0) -> Iterator[Line]:
    """Yield the steps of a pipeline, depth first."""
    for step in run.steps:
        below = pipeline_of(workspace, step)
        yield Line(run, step, depth, link_of(step, below))
        if below is not None and depth < _DEEPEST:
            yield from tree(workspace, below, depth + 1)


def pipeline_of(workspace: Workspace, step: Any) -> Run | None:
    """Return the run of a step that is itself a pipeline, otherwise None. A step of another kind has a key."""
    if step.run is None or step.key is not None:
        return None
    try:
        run = workspace.run(step.run)
        return run if run.id == step.run and run.is_pipeline else None
    except UserError:  # it was deleted, or its record is damaged
        return None


def link_of(step: Step, below: Run | None) -> str:
    """Return the address of a step's run."""
    if step.run is None:
        return ""
    return url_for("run.index", run=step.run) if below is None else url_for("pipeline.index", run=below.id)
