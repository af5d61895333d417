"""The report of a pipeline: its graph, its steps and their metrics."""

from __future__ import annotations

from typing import Any

from runner.api import Run
from runner.charts.document import document
from runner.charts.graph import MOST, drawing
from runner.charts.steps import state_word, step_boxes, took
from runner.console.format import clean, show_duration, show_time
from runner.reports import markup

_COLUMNS = ("step", "state", "took", "run", "needs", "why")


def pipeline_report(run: Run) -> str:
    """Return the report of a pipeline. It has no script."""
    record, steps = run.record, run.steps
    registered = record.register
    facts = [
        ("experiment", run.experiment), ("began", show_time(run.created)), ("took", show_duration(run.duration)),
        ("who", run.user), ("steps", f"{sum(step.status == 'completed' for step in steps)} of {len(steps)} completed"),
        ("reused", sum(step.reused for step in steps) or None),
        ("model", f"{registered.model}:{registered.version}" if registered else None), ("id", run.id),
        ("note", run.note),
    ]  # fmt: skip
    parameters = record.part("pipeline").get("parameters")
    body = [
        markup.head(record.display_name or run.id, facts, run.status, run.error),
        markup.section("Graph", _graph(steps, run.id)),
        markup.section("Steps", markup.table(_COLUMNS, [_row(step) for step in steps])),
        markup.section("Metrics of the steps", markup.pairs(run.metrics)),
        markup.section("Parameters", markup.pairs(parameters if isinstance(parameters, dict) else {})),
        markup.section("Tags", markup.pairs(run.tags)),
    ]
    return document(f"Pipeline {clean(run.id)}", "\n".join(filter(None, body)))


def _graph(steps: list[Any], name: str) -> str:
    if not steps:
        return ""
    drawn = f'<div class="card scroll" tabindex="0">{drawing(step_boxes(steps), f"Steps of {name}")}</div>'
    more = f"<p class='quiet'>The first {MOST} of {len(steps)} steps are drawn. The table has all of them.</p>"
    return drawn + (more if len(steps) > MOST else "")


def _row(step: Any) -> list[Any]:
    why, needs = step.reason or "", ", ".join(step.needs)
    return [step.name, state_word(step), show_duration(took(step)), step.run or "", needs, why]
