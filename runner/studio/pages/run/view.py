"""The views of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from urllib.parse import quote

from flask import Response, request
from flask.typing import ResponseReturnValue

from runner.api import Run, Workspace
from runner.api.log_names import RUN_LOG
from runner.errors import NotFoundError, UserError
from runner.studio.page import Page, answer
from runner.studio.pages.run import curves, log, tabs
from runner.studio.pages.run.preview import picture_type
from runner.studio.series import plain, thin

page = Page("run", "Run", menu=False, below="runs", charts=True)
_BLOCK = 1 << 16


@page.get("/<run>")
def index(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Show one tab of a run."""
    shown = workspace.run(run)
    tab = request.args.get("tab", "")
    tab = tab if tab in tabs.TABS else "overview"
    values = tabs.TABS[tab](workspace, shown, request.args)
    command = tabs.command(tab, shown, request.args)
    name = shown.record.display_name or shown.id
    return page.render(
        command=command, title=name[:100], run=shown, row=shown.row, tab=tab, tabs=tabs.titles(shown), **values
    )


@page.get("/<run>/curves")
def draw(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Return the curves of some metrics, for this run and for those that it is compared with."""
    others, problems = curves.overlaid(workspace, request.args.getlist("with"))
    wanted = curves.CurveRequest.read(request.args)
    return answer(curves=curves.curves([workspace.run(run), *others], wanted), problems=problems)


@page.get("/<run>/logged")
def logged(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Return the names of the curves, and the charts, tables and pictures."""
    return answer(**tabs.logged(workspace.run(run)))


@page.get("/<run>/curves.csv")
def points(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Return every point of some metrics as CSV."""
    target, names = workspace.run(run), request.args.getlist("metric")
    return Response(curves.as_csv(target, names), mimetype="text/csv", headers=_attachment(f"{target.id}.csv"))


@page.get("/<run>/resources")
def resources(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Return processor and memory over the times at which they were measured."""
    lines = workspace.run(run).resources()
    times, series = [line["time"] for line in lines], {}
    for name in ("cpu", "memory"):
        at, values = thin(range(len(lines)), [float(line[name]) for line in lines])
        series[name] = {"x": [times[int(position)] for position in at], "y": plain(values)}
    return answer(**series)


@page.get("/<run>/log")
def window(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Return some lines of a log: before, after or around a position in bytes, or the last lines."""
    given = request.args
    with workspace.run(run).open("logs", given.get("name", RUN_LOG)) as file:
        for name, read in _WINDOWS.items():
            if (position := given.get(name, None, type=int)) is not None:
                return answer(**read(file, position))
        return answer(**log.before(file, log.size_of(file)))


_WINDOWS: dict[str, Callable[..., dict[str, Any]]] = {"before": log.before, "after": log.after, "around": log.around}


@page.get("/<run>/log/find")
def find(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Return the position of the next match in a log."""
    given = request.args
    with workspace.run(run).open("logs", given.get("name", RUN_LOG)) as file:
        at = log.find(file, given.get("text", ""), given.get("from", 0, type=int), backwards="back" in given)
    return answer(position=at)


@page.get("/<run>/file/<area>/<path:name>")
def file(workspace: Workspace, run: str, area: str, name: str) -> ResponseReturnValue:
    """Send a file. Only pictures that cannot contain a script are displayed. Everything else is downloaded."""
    target = workspace.run(run)
    opened = target.open(area, name)
    kind = picture_type(opened) if "show" in request.args else None
    headers = _attachment(name.rpartition("/")[2]) if kind is None else {"Content-Disposition": "inline"}
    size = log.size_of(opened)
    headers["Content-Length"] = str(size)
    response = Response(
        blocks(opened, size), mimetype=kind or "application/octet-stream", headers=headers, direct_passthrough=True
    )
    response.call_on_close(opened.close)
    return response


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the first bytes of a file. A log that is being written is longer than the announced size by then."""
    while size > 0 and (block := file.read(min(_BLOCK, size))):
        size -= len(block)
        yield block


def _attachment(name: str) -> dict[str, str]:
    """Return the header that makes a browser save a file. Its name may have any characters (RFC 6266)."""
    simple = "".join(
        character if character.isascii() and (character.isalnum() or character in "-_.") else "_" for character in name
    )[:200]
    return {"Content-Disposition": f"attachment; filename=\"{simple}\"; filename*=UTF-8''{quote(name[:200], safe='')}"}


@page.post("/<run>/tags")
def set_tags(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Set a tag, or remove it if there is no value."""
    name = request.form.get("name", "").strip()
    if not name:
        raise UserError("A tag has a name")
    _by_full_id(workspace.run(run), run).tag(name, request.form.get("value"))
    return answer(done=True)


@page.post("/<run>/text")
def set_text(workspace: Workspace, run: str) -> ResponseReturnValue:
    """Change the note or the display name."""
    target, value = _by_full_id(workspace.run(run), run), request.form.get("value", "").strip()
    if request.form.get("field") == "note":
        target.set_note(value or None)
    else:
        target.rename(value)
    return answer(done=True)


def _by_full_id(run: Run, run_id: str) -> Run:
    """Return the run if it was named by its full id. `latest` may name another run by now."""
    if run.id != run_id:
        raise NotFoundError(f"There is no run {run_id}")
    return run
