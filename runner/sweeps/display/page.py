"""``sweep.html``: a sweep as a self-contained page that needs no network or server."""

from __future__ import annotations

import html
import json
import math
from pathlib import Path
from typing import Any

from runner.console.format import finite, show_duration, show_time
from runner.io.clock import seconds_between
from runner.io.files import write_text
from runner.statuses import FAILED
from runner.sweeps.ranking.facts import (
    best_of,
    command_line,
    parameter_keys,
    short_names,
    show_counts,
    show_parameters,
    show_tried,
    show_values,
    status_of,
    value_of,
)
from runner.sweeps.records import SweepRecord, TrialRecord

_HERE = Path(__file__).parent
_DECADES = 2.0  # an axis is logarithmic if its values span more


def write_page(record: SweepRecord, path: Path) -> None:
    """Write a sweep's page.

    Everything that a script or user named is data, never markup: the page's own script inserts it
    as text.
    """
    page = (_HERE / "page.html").read_text("utf-8")
    parts = {
        "title": html.escape(f"Sweep {record.id}"),
        "style": (_HERE / "page.css").read_text("utf-8"),
        "data": _inert(page_data(record)),
        "script": "\n".join((_HERE / name).read_text("utf-8") for name in ("page_charts.js", "page.js")),
    }
    before, *rest = page.split("{{")
    pieces = [before]
    for piece in rest:  # a single pass, so that inserted text is not searched again
        name, _, after = piece.partition("}}")
        pieces += [parts[name], after]
    write_text(path, "".join(pieces))


def _inert(value: Any) -> str:
    """Return JSON that cannot close its script element."""
    text = json.dumps(finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_data(record: SweepRecord) -> dict[str, Any]:
    """Return the page's data."""
    keys = parameter_keys(record.trials)
    names = short_names(keys)
    axes = [_parameter(record, key, names[key]) for key in keys]
    return {
        "id": record.id,
        "facts": _facts(record),
        "error": record.error,
        "objectives": [
            {"name": one.metric, "goal": one.goal, "log": _is_log([value_of(t, one.metric) for t in record.trials])}
            for one in record.objectives
        ],
        "parameters": axes,
        "best": [
            {
                "number": trial.number,
                "run": trial.run,
                "values": show_values(record, trial),
                "parameters": show_parameters(trial, names),
                "command": command_line(record, trial),
            }
            for trial in best_of(record)
        ],
        "trials": [_trial(record, trial, axes) for trial in record.trials],
    }


def _facts(record: SweepRecord) -> list[tuple[str, str]]:
    ended = seconds_between(record.created, record.ended) if record.ended else None
    rows = [
        ("experiment", record.experiment),
        ("state", record.state),
        ("trials", show_counts(record)),
        ("search", f"{record.search}, {record.slots} at a time"),
        ("began", show_time(record.created)),
        ("duration", show_duration(ended)),
        ("model", record.model or ""),
    ]
    return [(name, value) for name, value in rows if value]


def _parameter(record: SweepRecord, key: str, name: str) -> dict[str, Any]:
    """Return one axis: numeric if all values are numbers, otherwise with a column for each value."""
    values = [trial.parameters[key] for trial in record.trials if key in trial.parameters]
    numbers = [_number(value) for value in values]
    if None not in numbers:
        return {"name": name, "key": key, "log": _is_log(numbers), "levels": None}
    return {"name": name, "key": key, "log": False, "levels": sorted({show_tried(value) for value in values})}


def _number(value: Any) -> float | None:
    """Return a value as a finite number. A text may be one, because Hydra's own sweepers only produce texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _is_log(values: list[float | None]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and min(known) > 0 and math.log10(max(known) / min(known)) > _DECADES


def _trial(record: SweepRecord, trial: TrialRecord, axes: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = seconds_between(trial.started, trial.ended) if trial.started and trial.ended else None
    status = status_of(trial)
    return {
        "n": trial.number,
        "run": trial.run,
        "status": status,
        "why": trial.reason if status == FAILED else None,
        "seconds": seconds,
        "y": [value_of(trial, one.metric) for one in record.objectives],
        "x": [
            _tried(trial.parameters[axis["key"]], axis) if axis["key"] in trial.parameters else None for axis in axes
        ],
    }


def _tried(value: Any, axis: dict[str, Any]) -> Any:
    return _number(value) if axis["levels"] is None else show_tried(value)
