"""The views of a comparison."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from runner.api import Run, RunList, UserError, Workspace
from runner.charts.runs import chart_data, metric_names
from runner.console.format import show_duration
from runner.studio.page import Page, answer
from runner.studio.pages.compare.chosen import MOST, VIEWS, Chosen, pair
from runner.studio.pages.compare.code import changed_files

page = Page("compare", "Compare")
KINDS = {"config": "Configuration", "metrics": "Metrics", "packages": "Packages", "facts": "Otherwise"}
_ACROSS = 12  # with up to this many runs, each has a column of the table, otherwise a row
_PICTURED, _PICTURES = 24, 40  # runs, and names of pictures that they have
_NAMES = 60  # columns of a table with a run in each row


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show a comparison in the view that the address names."""
    chosen = Chosen.read(request.args)
    problem = ""
    try:
        runs, gone = chosen.find(workspace)
    except UserError as error:
        runs, gone, problem = RunList(workspace, [], 0), [], str(error)
    values = _VIEWS[chosen.view](runs) if chosen.view in _VIEWS and len(runs) > 1 else {}
    return page.render(
        command=chosen.command(runs.rows), chosen=chosen, found=runs, gone=gone, problem=problem, views=VIEWS,
        most=MOST, given=request.args, newest=workspace.runs(limit=8).rows if len(runs) < 2 else [], **values,
    )  # fmt: skip


def _table(runs: RunList) -> dict[str, Any]:
    sides = runs.differences()
    metrics = {name: values for name, values in sides["metrics"].items() if len(set(map(repr, values))) > 1}
    facts = {name: _shown(name, values) for name, values in sides["facts"].items()}
    kinds = {**sides, "metrics": metrics, "facts": facts}
    across = len(runs) <= _ACROSS
    names = [(kind, name) for kind in KINDS for name in kinds[kind] if len(name) <= 300]
    return {
        "sides": kinds, "kinds": KINDS, "across": across, "names": names if across else names[:_NAMES],
        "left_out": 0 if across else max(0, len(names) - _NAMES),
    }  # fmt: skip


def _shown(name: str, values: list[Any]) -> list[Any]:
    """Return durations as texts, and other facts as they are."""
    return [value if value is None else show_duration(value) for value in values] if name == "duration" else values


def _code(run_list: RunList) -> dict[str, Any]:
    left, right = pair(run_list, request.args)
    runs = [run_list[run_list.rows.index(row)] for row in (left, right)]
    try:
        files, more, same = changed_files(*runs)
    except UserError as error:
        return {"left": left, "right": right, "files": [], "more": 0, "same": 0, "damaged": str(error)}
    return {"left": left, "right": right, "files": files, "more": more, "same": same, "damaged": ""}


def _pictures(runs: RunList) -> dict[str, Any]:
    shown, by_name = runs[:_PICTURED], dict[str, set[str]]()
    for run in shown:
        for name in run.pictures():
            by_name.setdefault(name, set()).add(run.id)
    most = sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0]))[:_PICTURES]
    return {"pictures": dict(most), "shown_rows": shown.rows}


def _curves(runs: RunList) -> dict[str, Any]:
    return {"metrics": metric_names(runs.rows)}


_VIEWS = {"table": _table, "code": _code, "pictures": _pictures, "curves": _curves}


@page.get("/data")
def data(workspace: Workspace) -> ResponseReturnValue:
    """Return the data of the charts: rows and columns."""
    return answer(**chart_data(Chosen.read(request.args).find(workspace)[0].rows))


@page.get("/curves")
def curves(workspace: Workspace) -> ResponseReturnValue:
    """Return a metric over its steps, for each run that has logged it."""
    runs, _ = Chosen.read(request.args).find(workspace)
    step, points = runs.curves(request.args.get("metric", ""))
    return answer(step=step, points=points)


@page.get("/picture")
def picture(workspace: Workspace) -> ResponseReturnValue:
    """Return a picture of a run."""
    content, kind = _run(workspace, request.args.get("run", "")).picture(request.args.get("name", ""))
    return Response(content, mimetype=kind, headers={"Content-Security-Policy": "default-src 'none'; sandbox"})


def _run(workspace: Workspace, run_id: str) -> Run:
    run = workspace.run(run_id)
    if run.id != run_id:
        raise UserError(f"There is no run {run_id[:80]}")
    return run
