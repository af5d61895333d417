"""The views of the list of runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from runner.api import Run, RunList, Workspace
from runner.console.format import short_ids
from runner.errors import UserError
from runner.studio.page import Page, answer
from runner.studio.pages.runs import columns
from runner.studio.pages.runs.actions import ACTIONS, act
from runner.studio.pages.runs.groups import GROUPED, Group, group, ids_of, tags_of
from runner.studio.pages.runs.sparklines import points
from runner.studio.pages.runs.state import PAGE_SIZES, State

page = Page("runs", "Runs")
_STATUSES = {one: one.capitalize() for one in ("running", "completed", "failed", "canceled")}
_CURVES = 200  # runs that one request draws


@page.get()
def index(workspace: Workspace) -> ResponseReturnValue:
    """Show a page of runs, or groups of them."""
    state = State.read(request.args)
    problem, groups = "", list[Group]()
    try:
        runs = _find(workspace, state)
        if state.group:
            groups = group(workspace, workspace.each_row(**_selection(workspace, state)), state.group, state.where)
    except UserError as error:
        runs, problem = RunList(workspace, [], 0), str(error)
    names = state.columns or columns.usual(runs.rows)
    _add_nodes(runs, names)
    return page.render(
        command=state.command(), state=state, found=runs, groups=groups, problem=problem, columns=columns,
        pins=[columns.NAME, *(name for name in state.pins if name in names)],
        short=short_ids([row["id"] for row in runs.rows]),
        names=[*(name for name in names if name in state.pins), *(name for name in names if name not in state.pins)],
        statuses=_STATUSES, sizes=PAGE_SIZES, actions=ACTIONS, grouped=[*GROUPED, *_tags(runs.rows)],
        experiments=_experiments(workspace), empty=not runs.rows and not workspace.runs(archived=True, limit=1).total,
    )  # fmt: skip


def _find(workspace: Workspace, state: State) -> RunList:
    """Return the page's runs."""
    offset = (state.page - 1) * state.size
    return workspace.runs(**_selection(workspace, state), limit=state.size, offset=offset)


def _selection(workspace: Workspace, state: State) -> Mapping[str, Any]:
    """Return the arguments of `Workspace.runs` that select the runs of all pages."""
    if not state.sweep and not state.pipeline:
        return state.selection()
    return {**state.selection(), "ids": ids_of(workspace, state.sweep, state.pipeline)}


def _experiments(workspace: Workspace) -> list[str]:
    """Return the names of the folders of runs. A search for runs in each would take a second for 100,000 runs."""
    runs = workspace.layout.runs
    return (
        sorted(entry.name for entry in runs.iterdir() if entry.is_dir() and entry.name[0] != ".")
        if runs.is_dir()
        else []
    )


def _tags(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [f"tags.{name}" for name in tags_of(rows)]


def _add_nodes(runs: RunList, names: Sequence[str]) -> None:
    """Add the node of each run to its row if the column is shown. Lists do not read it."""
    if "node" in names:
        for row, run in zip(runs.rows, runs, strict=True):
            row["node"] = _node(run)


def _node(run: Run) -> str | None:
    try:
        scaled = run.record.scale
    except UserError:  # removed or damaged meanwhile
        return None
    return ", ".join(scaled.nodes) if scaled else None


@page.get("/fields")
def fields(workspace: Workspace) -> ResponseReturnValue:
    """Return the names that the search completes, and the columns that can be added."""
    names = workspace.run_names()
    return answer(search=columns.fields(names), columns=columns.choices(names))


@page.get("/curves")
def curves(workspace: Workspace) -> ResponseReturnValue:
    """Return the values of a metric over its steps, for the runs in the address."""
    metric = request.args.get("metric", "")
    series = {}
    for run_id in request.args.getlist("run")[:_CURVES]:
        try:
            series[run_id] = points(workspace.run(run_id), metric)
        except UserError:  # it has no such metric, or cannot be read
            series[run_id] = []
    return answer(curves=series)


@page.post("/act")
def change(workspace: Workspace) -> ResponseReturnValue:
    """Carry out an action on the selected runs, and return how many it succeeded for and the problems."""
    form = request.form
    done, problems = act(workspace, form.get("action", ""), form.getlist("run"), form.get("value", ""))
    return answer(done=done, problems=problems)
