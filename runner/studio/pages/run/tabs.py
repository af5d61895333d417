"""The tabs of the page: the values of each template, and the command that shows the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from werkzeug.datastructures import MultiDict

from runner.api import Run, Workspace
from runner.api.log_names import ENVIRONMENT_LOG, RUN_LOG, WORKER_LOG
from runner.api.metrics.logged import Logged
from runner.api.runs.compare import comparison
from runner.console.format import shown_line
from runner.errors import UserError
from runner.studio.pages.run import charts, curves, log
from runner.studio.pages.run.preview import preview
from runner.studio.versions.lineage import link_to_version

AREAS = {"outputs": "Outputs", "snapshot": "Source", "records": "Records", "logs": "Logs"}
_LISTED = 1000  # files, packages, events or child runs in a list
_TAIL = 30  # last lines of a failed run's log
_ROWS = 500  # last rows of a logged table
_DOCUMENTS = 3  # last charts of one name
_PICTURES = 20
_SUGGESTED = 100  # runs that are offered for a comparison
Given = MultiDict[str, str]


def _overview(_workspace: Workspace, run: Run, _given: Given) -> dict[str, Any]:
    tail = _last_lines(run) if run.status == "failed" else []
    record = run.record
    git = record.prepare.snapshot.git if record.prepare else None
    return {"tail": tail, "git": git, "notes": _notes(run), "link_to_version": link_to_version}


def _last_lines(run: Run) -> list[str]:
    """Return the end of the script's log or, if that is empty, of the log of its environment or worker."""
    names = run.logs()
    for name in (RUN_LOG, ENVIRONMENT_LOG, WORKER_LOG):
        if name in names:
            with run.open("logs", name) as file:
                lines = [shown_line(line) for _, line in log.before(file, log.size_of(file))["lines"]]
            if lines:
                return lines[-_TAIL:]
    return []


def _notes(run: Run) -> list[str]:
    """Return the notes of the stages about the run."""
    record = run.record
    parts = (record.run, record.finalize)
    return [note for part in parts if part is not None for note in part.notes]


def _metrics(workspace: Workspace, run: Run, given: Given) -> dict[str, Any]:
    others, problems = curves.overlaid(workspace, given.getlist("with"))
    return {"axes": curves.AXES, "others": others, "problems": problems, "suggested": _suggested(workspace, run)}


def _suggested(workspace: Workspace, run: Run) -> list[dict[str, Any]]:
    """Return the newest runs of the experiment, except this one."""
    rows = workspace.runs(experiment=run.experiment, limit=_SUGGESTED).rows
    return [row for row in rows if row["id"] != run.id]


def _evaluation(_workspace: Workspace, run: Run, _given: Given) -> dict[str, Any]:
    """Return the model card that the script wrote, and the pictures beside it."""
    pictures = [name for name in run.files("outputs") if name.lower().endswith(".png")]
    return {"card": run.card or "", "pictures": pictures[:_PICTURES]}


def titles(run: Run) -> dict[str, str]:
    """Return the headings of a run's tabs."""
    return {name: title for name, title in TITLES.items() if name != "evaluation" or run.has_card}


def _log(_workspace: Workspace, run: Run, given: Given) -> dict[str, Any]:
    names = sorted(run.logs(), key=lambda name: (name != RUN_LOG, name))
    chosen = given.get("name", "")
    return {"logs": names, "log": chosen if chosen in names else next(iter(names), "")}


def _files(_workspace: Workspace, run: Run, given: Given) -> dict[str, Any]:
    area = given.get("area", "outputs")
    area = area if area in AREAS else "outputs"
    files, name = run.files(area), given.get("file", "")
    sizes = {file_name: size for file_name, path in list(files.items())[:_LISTED] if (size := _size(path)) is not None}
    values: dict[str, Any] = {
        "areas": AREAS,
        "area": area,
        "sizes": sizes,
        "more": len(files) - len(sizes),
        "file": name,
    }
    if name:
        with run.open(area, name) as opened:
            size = log.size_of(opened)
            values |= {"size": size, "preview": preview(opened, name, size)}
    return values


def _size(path: Path) -> int | None:
    """Return the size of a file, or None if the script has removed it."""
    try:
        return path.lstat().st_size if path.exists() else None
    except FileNotFoundError:
        return None


def _environment(workspace: Workspace, run: Run, given: Given) -> dict[str, Any]:
    against, problem, differences = given.get("against", "").strip(), "", {}
    if against:
        try:
            other = workspace.run(against)
            read = [(side.record, side.followed) for side in (other, run)]
            differences = comparison(workspace.layout, read)
        except UserError as error:
            problem = str(error)
    return {
        "environment": run.environment, "against": against, "problem": problem, "differences": differences,
        "suggested": _suggested(workspace, run), "listed": _LISTED,
    }  # fmt: skip


def _history(_workspace: Workspace, run: Run, _given: Given) -> dict[str, Any]:
    return {
        "events": run.events()[-_LISTED:],
        "children": list(run.walk())[1 : _LISTED + 1],
        "phases": run.record.phases,
    }


TABS: dict[str, Callable[[Workspace, Run, Given], Mapping[str, Any]]] = {
    "overview": _overview, "metrics": _metrics, "evaluation": _evaluation, "log": _log, "files": _files,
    "environment": _environment, "history": _history,
}  # fmt: skip
TITLES = {
    "overview": "Overview", "metrics": "Metrics", "evaluation": "Evaluation", "log": "Log", "files": "Files",
    "environment": "Environment", "history": "History",
}  # fmt: skip


def command(tab: str, run: Run, given: Given) -> tuple[str, ...]:
    """Return the words after ``vivero`` that show the same."""
    others = given.getlist("with")[: curves.OVERLAID] if tab == "metrics" else [given.get("against", "").strip()]
    others = [run_id for run_id in others if run_id]
    if others and tab in ("metrics", "environment"):
        return "compare", run.id, *others
    return {"metrics": "metrics", "log": "logs", "files": "download"}.get(tab, "show"), run.id


def logged(run: Run) -> dict[str, Any]:
    """Return the names of the curves, and the charts, tables and pictures that were logged."""
    metrics = run.logged()
    named = list(metrics.named.items())
    return {
        "curves": [name for name, series in named if series.x],
        "charts": [_chart(name, series.kind, line) for name, series in named for line in _last(series)],
        "tables": [
            _table(name, series) for name, series in named if series.entries and series.kind in ("row", "table")
        ],
        "images": [
            {"name": name, "step": line["step"], "image": str(line["value"]["image"])}
            for name, series in named
            for line in series.entries
            if series.kind == "image" and isinstance(line["value"], Mapping) and "image" in line["value"]
        ],
        "left_out": metrics.left_out,
    }


def _last(series: Logged) -> Sequence[dict[str, Any]]:
    return series.entries[-_DOCUMENTS:] if series.kind not in ("row", "table", "image") else []


def _chart(name: str, kind: str, line: dict[str, Any]) -> dict[str, Any]:
    drawn = charts.chart(kind, line["value"])
    return {"name": name, **(drawn or {"kind": "text", "text": str(line["value"])[:2000]})}


def _table(name: str, series: Logged) -> dict[str, Any]:
    rows = [line["value"] for line in series.entries if isinstance(line["value"], Mapping)]
    columns = list(dict.fromkeys(str(key) for row in rows for key in row))[:60]
    return {
        "name": name,
        "columns": columns,
        "rows": [[_value(row.get(column)) for column in columns] for row in rows[-_ROWS:]],
        "count": series.count,
    }


def _value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):  # JSON has no such number
        return str(value)
    return value if value is None or isinstance(value, int | float | bool) else str(value)[:200]
