"""What notebooks show of a run, a list of runs, a sweep and a model. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from runner.console.format import clean, show_duration, show_time, show_value

if TYPE_CHECKING:
    from runner.api.data.assets import DataAsset
    from runner.api.data.version import DataVersion
    from runner.api.models import Model, ModelVersion
    from runner.api.runs.run import Run
    from runner.api.sweeps.sweep import Sweep

_ROWS, _NAMES = 20, 8  # shown at most


def _cell(value: Any) -> str:
    return escape(clean(show_value(value)))


def _facts(title: str, facts: Mapping[str, Any]) -> str:
    lines = "".join(
        f"<tr><th style='text-align:left'>{_cell(name)}</th><td style='text-align:left'>{_cell(value)}</td></tr>"
        for name, value in facts.items()
        if value not in (None, "", {})
    )
    return f"<table><caption style='text-align:left'><b>{_cell(title)}</b></caption>{lines}</table>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{_cell(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def run_table(rows: Sequence[Mapping[str, Any]], total: int) -> str:
    """Return a table of runs with their parameters and metrics."""
    shown = rows[:_ROWS]
    names = {owner: sorted({name for row in shown for name in row[owner]})[:_NAMES] for owner in ("params", "metrics")}
    columns = ["run", "status", *names["params"], *names["metrics"], "duration", "created"]
    table = _table(
        columns,
        (
            [
                row["id"],
                row["status"],
                *(row[owner].get(name) for owner, of in names.items() for name in of),
                show_duration(row["duration"]),
                show_time(row["created"]),
            ]
            for row in shown
        ),
    )
    return f"{table}<p>{len(shown)} of {total} runs</p>"


def run_page(run: Run) -> str:
    """Return the facts of a run."""
    facts = {
        "status": run.status,
        "why": run.error,
        "name": run.record.display_name,
        "experiment": run.experiment,
        "created": show_time(run.created),
        "duration": show_duration(run.duration),
        "note": run.note,
    }
    return _facts(f"Run {run.id}", {**facts, **run.params, **run.metrics})


def sweep_page(sweep: Sweep) -> str:
    """Return the facts of a sweep and its trials, best ones first."""
    from runner.sweeps.ranking.facts import ranked, show_counts, show_goal, show_parameters, show_values

    record = sweep.record
    facts = {"state": sweep.state, "why": record.error, "objective": show_goal(record), "trials": show_counts(record)}
    best = ranked(record)[:_ROWS]
    trials = _table(
        ["trial", "run", "objective", "parameters"],
        ([trial.number, trial.run, show_values(record, trial), show_parameters(trial)] for trial in best),
    )
    return _facts(f"Sweep {sweep.id}", {**facts, "model": record.model}) + (trials if best else "")


def model_page(model: Model) -> str:
    """Return the number of versions of a model, the latest one and the aliases."""
    return _versions(f"Model {model.name}", model.row)


def _versions(title: str, row: Mapping[str, Any]) -> str:
    aliases = ", ".join(f"{alias}={version}" for alias, version in sorted(row["aliases"].items()))
    facts = {"versions": row["versions"], "latest": row["version"], "aliases": aliases, "error": row["error"]}
    return _facts(title, facts)


def version_page(version: ModelVersion) -> str:
    """Return the facts of a version."""
    inspection = version.inspection
    facts = {
        "class": inspection.model_class if inspection is not None else None,
        "aliases": ", ".join(version.aliases),
        "framework": version.record.framework,
        "created": show_time(version.record.created),
        "run": version.record.run,
    }
    return _facts(f"Model {version.reference}", {**facts, **version.metrics})


def asset_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a table of data assets with their latest versions."""
    names = ("name", "version", "type", "files", "bytes", "rows", "description")
    return (
        _table(names, ([row.get(name) for name in names] for row in rows[:_ROWS])) + f"<p>{len(rows)} data assets</p>"
    )


def asset_page(asset: DataAsset) -> str:
    """Return the facts of a data asset."""
    return _versions(f"Data asset {asset.name}", asset.row)


def asset_version_page(version: DataVersion) -> str:
    """Return the facts of a version of a data asset, and the columns of a table."""
    record, table = version.record, version.table
    facts = {
        "type": record.type,
        "description": record.description,
        "files": record.files,
        "bytes": record.bytes,
        "rows": None if table is None else table.rows,
        "created": show_time(record.created),
        "run": record.run,
    }
    page = _facts(f"Data asset {version.reference}", facts)
    if table is None or not table.columns:
        return page
    names = ("name", "type", "missing", "min", "max", "top")
    return page + _table(names, ([getattr(column, name) for name in names] for column in table.columns[:_ROWS]))
