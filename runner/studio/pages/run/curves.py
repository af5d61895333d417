"""The curves of a run's metrics: thinned for drawing, or with every point as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from runner.api import Run, Workspace
from runner.api.metrics.logged import Logged
from runner.errors import UserError
from runner.studio.series import between, plain, smooth, thin

AXES = {"step": "Step", "time": "Time", "relative": "Seconds since its first value"}
OVERLAID = 20  # runs in one chart
_DRAWN = 60  # metrics of one request


@dataclass(frozen=True)
class CurveRequest:
    """The curves that a page requests. `first` and `last` are the ends of the visible range."""

    metrics: Sequence[str]
    axis: str = "step"
    weight: float = 0.0
    first: float | None = None
    last: float | None = None

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> CurveRequest:
        """Read the query of an address. Invalid values get their defaults."""
        axis = given.get("axis", "step")
        weight = given.get("smooth", 0.0, type=float)
        return cls(
            tuple(dict.fromkeys(given.getlist("metric")))[:_DRAWN],
            axis if axis in AXES else "step",
            weight if 0 < weight < 1 else 0.0,
            given.get("from", None, type=float),
            given.get("to", None, type=float),
        )


def overlaid(workspace: Workspace, ids: Sequence[str]) -> tuple[list[Run], list[str]]:
    """Return the runs to draw beside another, and a line about each that cannot be read."""
    runs, problems = [], []
    for run_id in dict.fromkeys(ids[:OVERLAID]):
        try:
            runs.append(workspace.run(run_id))
        except UserError as error:
            problems.append(str(error))
    return runs, problems


def curves(runs: Sequence[Run], wanted: CurveRequest) -> dict[str, list[dict[str, Any]]]:
    """Return the curves of each metric, one for each run that has logged it."""
    logged = [(run, run.logged("step" if wanted.axis == "step" else "time")) for run in runs]
    return {
        name: [
            {"run": run.id, **_curve(metrics.named[name], wanted)}
            for run, metrics in logged
            if name in metrics.named and metrics.named[name].x
        ]
        for name in wanted.metrics
    }


def _curve(logged: Logged, wanted: CurveRequest) -> dict[str, Any]:
    x, y = logged.x, logged.y
    count = min(len(x), len(y))  # another thread may be adding a point
    xs: Sequence[float] = x[:count]
    ys: Sequence[float] = y[:count]
    if wanted.axis == "relative":
        begin = next((x for x in xs if math.isfinite(x)), 0.0)
        xs = [x - begin for x in xs]
    smoothed = smooth(ys, wanted.weight) if wanted.weight else None
    if wanted.first is not None and wanted.last is not None:
        whole = xs
        xs, ys = between(whole, ys, wanted.first, wanted.last)
        smoothed = list(between(whole, smoothed, wanted.first, wanted.last)[1]) if smoothed else None
    curve: dict[str, Any] = {"count": count, "drawn": _drawn(xs, ys)}
    return curve | ({"smooth": _drawn(xs, smoothed)} if smoothed else {})


def _drawn(x: Sequence[float], y: Sequence[float]) -> dict[str, Any]:
    xs, ys = thin(x, y)
    return {"x": plain(xs), "y": plain(ys)}


def as_csv(run: Run, names: Sequence[str]) -> Iterator[str]:
    """Yield every point of some metrics as CSV: metric, step, time, value."""
    steps, times = run.logged("step").named, run.logged("time").named
    yield "metric,step,time,value\r\n"
    for name in names:
        if name not in steps or name not in times:
            continue
        lines = io.StringIO()
        writer = csv.writer(lines)
        rows = zip(steps[name].x, times[name].x, steps[name].y, strict=False)
        for number, (step, time, value) in enumerate(rows, 1):
            writer.writerow([_cell(name), f"{step:.15g}", f"{time:.6f}", repr(value)])
            if number % 5000 == 0:
                yield lines.getvalue()
                lines.seek(0)
                lines.truncate()
        yield lines.getvalue()


def _cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
