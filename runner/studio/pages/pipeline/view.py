"""The views of one pipeline."""

from __future__ import annotations

from itertools import islice
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from runner.api import Run, UserError, Workspace
from runner.charts.graph import MOST, drawing
from runner.charts.steps import step_boxes
from runner.studio.page import Page, answer
from runner.studio.pages.pipeline import tree

page = Page("pipeline", "Pipeline", menu=False, below="pipelines")
_LINES, _METRICS, _FAILED = 1000, 300, 10  # lines of the tree, metrics and failed steps that are shown


@page.get("/<run>")
def index(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Show a pipeline: its graph, its steps and, for the step in ``?why=``, why it was computed."""
    shown = _pipeline(workspace, run)
    steps, record = shown.steps, shown.record
    lines = list(islice(tree.tree(workspace, shown), _LINES + 1))
    return page.render(
        command=("pipeline", shown.id), title=(record.display_name or shown.id)[:100], run=shown, record=record,
        row=shown.row, graph=_graph(workspace, shown), drawn=min(MOST, len(steps)), steps=steps,
        lines=lines[:_LINES], more=len(lines) > _LINES,
        failed=[line for line in lines if line.step.status == "failed"][:_FAILED],
        done=sum(step.status == "completed" for step in steps), reused=sum(step.reused for step in steps),
        parameters=_parameters(shown), metrics=list(shown.metrics.items())[:_METRICS],
        why=_why(shown, request.args.get("why", "")), again=_again(shown),
    )  # fmt: skip


@page.post("/<run>/cancel")
def cancel(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Cancel the pipeline and its running steps."""
    pipeline = _pipeline(workspace, run)
    if pipeline.id != run:  # `latest` may mean another one by now
        raise UserError(f"There is no run {run}")
    return answer(done=f"{pipeline.cancel().id} was asked to end")


def _pipeline(workspace: Workspace, run: str) -> Run:
    pipeline = workspace.run(run)
    if not pipeline.is_pipeline:
        raise UserError(f"Run {pipeline.id} is not a pipeline", f"To show it: vivero show {pipeline.id}")
    return pipeline


def _graph(workspace: Workspace, run: Run) -> Markup:
    boxes = step_boxes(run.steps, lambda step: tree.link_of(step, tree.pipeline_of(workspace, step)))
    return Markup(drawing(boxes, f"Steps of {run.id}, from left to right"))  # noqa: S704 - the drawing escapes all texts


def _parameters(run: Run) -> dict[str, Any]:
    parameters = run.record.part("pipeline").get("parameters")
    return dict(parameters) if isinstance(parameters, dict) else {}


def _why(run: Run, step: str) -> tuple[str, list[str]] | None:
    """Return the step in ``?why=``, and what changed since it was last computed."""
    if not step:
        return None
    try:
        return step, run.why(step)
    except UserError as error:
        return step, [str(error)]


def _again(run: Run) -> tuple[str, ...]:
    """Return the words of the command that resumes the pipeline or, once it has completed, reruns it."""
    if run.status in ("failed", "canceled") or not run.followed:
        return "pipeline", "resume", run.id
    return ("rerun", run.id) if run.ended is not None else ()
