"""Makes the report of a run, a sweep or an experiment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from runner.api import Run, Sweep, UserError, Workspace
from runner.api.log_names import RUN_LOG
from runner.charts.columns import is_log
from runner.charts.document import document
from runner.charts.runs import chart_data
from runner.console.format import clean, show_bytes, show_count, show_duration, show_time, shown_line
from runner.reports import markup
from runner.reports.pipeline import pipeline_report

_RUNS = 500  # newest runs of an experiment
_CURVES, _PICTURES = 12, 24
_PICTURE_BYTES = 12_000_000  # of all pictures together: mail servers refuse more
_LOG_BYTES, _LOG_LINES = 64_000, 40
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_PLACE = '<section id="report" class="charts"></section>'


def report_of(workspace: Workspace, name: str) -> str:
    """Return the report of an experiment, a run, a sweep or a pipeline.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if name in workspace.experiments():
        return _experiment(workspace, name)
    try:
        run = workspace.run(name)
    except UserError as why:
        try:
            sweep = workspace.sweep(name)
        except UserError:
            raise why from None
        return _sweep(sweep)
    return pipeline_report(run) if run.is_pipeline else _run(run)


def _run(run: Run) -> str:
    record, row = run.record, run.row
    prepared = record.prepare
    commit = prepared.snapshot.git.commit if prepared and prepared.snapshot.git else None
    facts = [
        ("experiment", run.experiment), ("began", show_time(run.created)), ("took", show_duration(row["duration"])),
        ("who", run.user), ("commit", commit), ("python", run.environment and run.environment.python_version),
        ("model", row["model"]), ("id", run.id), ("note", run.note),
    ]  # fmt: skip
    failed = run.status == "failed"
    pictures, left_out = _pictures(run)
    packages = dict(run.environment.packages) if run.environment else {}
    body = [
        markup.head(record.display_name or run.id, facts, run.status, run.error),
        markup.section("End of the log", _log(run)) if failed else "",
        markup.section("Parameters", markup.pairs(run.params)),
        markup.section("Metrics", markup.pairs(run.metrics)),
        _PLACE,
        *_matrices(run),
        markup.section("Pictures", pictures + (f'<p class="quiet">{left_out}</p>' if left_out else "")),
        markup.section("Tags", markup.pairs(run.tags)),
        markup.section("Packages", markup.pairs(packages)),
        "" if failed else markup.section("End of the log", _log(run)),
    ]
    data = {"kind": "run", "name": clean(run.id), "curves": _curves(run)}
    return document(f"Run {clean(run.id)}", "\n".join(filter(None, body)), "report_page", data)


def _curves(run: Run) -> list[dict[str, Any]]:
    """Return the curves of the metrics that were logged more than once."""
    names = [name for name, points in run.history().items() if len(points) > 1 and len(name) <= 200]
    curves = []
    for name in names[:_CURVES]:
        step, points = run.curve(name)
        if len(points) > 1:
            log = is_log([value for _, value in points])
            curves.append({"metric": clean(name), "step": step, "points": points, "log": log})
    return curves


def _matrices(run: Run) -> list[str]:
    """Return the confusion matrices that the run has logged."""
    sections = []
    for name, entries in run.history().items():
        value = entries[-1]["value"]
        data = value.get("data") if isinstance(value, Mapping) else None
        labels, counts = (data.get("class_labels"), data.get("matrix")) if isinstance(data, Mapping) else (None, None)
        if isinstance(labels, list) and isinstance(counts, list) and all(isinstance(row, list) for row in counts):
            sections.append(
                markup.section(name[:200], markup.matrix(labels[:100], [row[:100] for row in counts[:100]]))
            )
    return sections


def _pictures(run: Run) -> tuple[str, str]:
    """Return the run's pictures, and a sentence about those that are left out."""
    figures, size, left_out = list[str](), 0, 0
    for name in run.pictures():
        try:
            content, kind = run.picture(name)
        except UserError:  # it has the name of a picture, but not its content
            continue
        if len(figures) >= _PICTURES or size + len(content) > _PICTURE_BYTES:
            left_out += 1
            continue
        size += len(content)
        figures.append(markup.picture(name, content, kind))
    verb = "is" if left_out == 1 else "are"
    limits = f"A report has up to {_PICTURES} pictures and {show_bytes(_PICTURE_BYTES)}."
    more = f"{show_count(left_out, 'more picture')} {verb} left out. {limits}"
    return (f'<div class="chart-grid">{"".join(figures)}</div>' if figures else ""), more if left_out else ""


def _log(run: Run) -> str:
    """Return the last lines of the log as a terminal shows them, without colours."""
    path = run.logs().get(RUN_LOG)
    if path is None:
        return ""
    lines = [shown_line(line) for line in _ESCAPES.sub("", _end(path)).replace("\r\n", "\n").split("\n")]
    end = "\n".join(clean(line) for line in lines[-_LOG_LINES:]).strip("\n")
    return f"<pre>{escape(end)}</pre>" if end else ""


def _end(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _LOG_BYTES))
        return file.read().decode("utf-8", "replace")


def _sweep(sweep: Sweep) -> str:
    body = markup.head(
        f"Sweep {sweep.id}", [fact for fact in sweep.facts() if fact[0] != "state"], sweep.state, sweep.error
    )
    data = {"kind": "sweep", **sweep.charts(), "curves": sweep.curves(), "importance": sweep.importance()}
    return document(f"Sweep {clean(sweep.id)}", f"{body}\n{_PLACE}", "report_page", data)


def _experiment(workspace: Workspace, name: str) -> str:
    runs = workspace.runs(experiment=name, limit=_RUNS)
    statuses: dict[str, int] = {}
    for row in runs.rows:
        statuses[row["status"]] = statuses.get(row["status"], 0) + 1
    counted = ", ".join(f"{many} {status}" for status, many in statuses.items())
    scope = f"the newest {len(runs)} of {runs.total}" if runs.total > len(runs) else str(runs.total)
    facts = [("runs", f"{scope}: {counted}"), ("newest", show_time(runs.rows[0]["created"]) if runs.rows else "")]
    data = {
        "kind": "experiment", **chart_data(runs.rows),
        "created": [show_time(row["created"]) for row in runs.rows], "statuses": [row["status"] for row in runs.rows],
    }  # fmt: skip
    return document(
        f"Experiment {clean(name)}", f"{markup.head(f'Experiment {name}', facts)}\n{_PLACE}", "report_page", data
    )
