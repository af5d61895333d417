"""``vivero show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runner.commands.common import global_options, read_run, status_word, wants_json, workspace
from runner.commands.output import emit_json, facts, print_outputs, say, section, show_bytes, show_duration, show_time
from runner.errors import UserError

if TYPE_CHECKING:
    from runner.layout import RunLayout
    from runner.records import PrepareRecord, RunRecord


@click.command()
@click.argument("run")
@global_options
def show(run: str) -> None:
    """Show the details of a run, or of a child run such as RUN_1."""
    from runner.api.metrics.series import last_metrics
    from runner.api.run_files.listed import log_files
    from runner.api.runs.children import children_of
    from runner.api.runs.find import find_child
    from runner.commands.runs.child_lines import print_child

    layout = workspace()
    try:
        record, followed = read_run(layout, run)
    except UserError:
        found = find_child(layout, run)
        if found is None:
            raise
        if wants_json():
            emit_json({**found[1], "run": found[0].id})
        else:
            print_child(*found)
        return
    folder = layout.run(record.experiment, record.id)
    if not wants_json():
        _print(folder, record, followed)
        return
    emit_json(
        {
            **record.to_json(),
            "followed": followed,
            "metrics": last_metrics(folder, record),
            "children": children_of(folder.children),
            "logs": sorted(log_files(folder)),
            "location": str(folder.root),
        }
    )


def _print(folder: RunLayout, record: RunRecord, followed: bool) -> None:
    from runner.api.metrics.series import last_metrics, series_in_words
    from runner.api.run_files.listed import log_files
    from runner.api.runs.children import children_of
    from runner.commands.runs.child_lines import print_children

    facts(_head(record, followed))
    for title, details in (
        ("Phases", {name: show_duration(seconds) for name, seconds in record.phases.items()}),
        ("Job", _job(record)),
        ("Process", _process(record)),
        ("Prepared", _prepared(record.prepare) if record.prepare else {}),
        ("Inputs", _inputs(record.prepare) if record.prepare else {}),
        ("Tags", record.tags),
        ("Properties", record.properties),
        ("Metrics", {**last_metrics(folder, record), **series_in_words(folder)}),
    ):
        if details:
            section(title)
            facts(details, indent=2)
    print_children(children_of(folder.children))
    if record.finalize and record.finalize.data:
        section("Data")
        facts(record.finalize.data, indent=2)
    print_outputs(record.finalize.outputs if record.finalize else ())
    for notes in (record.run.notes if record.run else (), record.finalize.notes if record.finalize else ()):
        for text in notes:
            say(f"note: {text}")
    section("Files")
    facts({"folder": str(folder.root), "logs": ", ".join(sorted(log_files(folder)))}, indent=2)


def _head(record: RunRecord, followed: bool) -> dict[str, Any]:
    from runner.io.clock import now, seconds_between

    ended = record.ended or now()
    registered = record.register
    return {
        "run": record.id,
        "status": status_word(record.status, followed),
        "why": record.error or (record.run.reason if record.run else None),
        "experiment": f"{record.experiment} (run {record.number})" if record.number else record.experiment,
        "name": record.display_name,
        "description": record.description,
        "note": record.note,
        "archived": record.archived or None,
        "user": record.user,
        "created": show_time(record.created),
        "ended": show_time(record.ended),
        "duration": show_duration(seconds_between(record.created, ended)),
        "rerun of": record.rerun_of,
        "model": f"{registered.model}:{registered.version}" if registered else None,
    }


def _job(record: RunRecord) -> dict[str, Any]:
    job = record.part("job")
    arguments = job.get("arguments")
    return {
        "source": job.get("source"),
        "script": job.get("script"),
        "arguments": arguments or None,
        "command": job.get("command") or None,
        "overrides": " ".join(record.overrides),
        "compute": f"{record.scale.compute} on {', '.join(record.scale.nodes)}" if record.scale else None,
    }


def _process(record: RunRecord) -> dict[str, Any]:
    ran = record.run
    if ran is None:
        return {}
    return {
        "exit code": ran.exit_code,
        "signal": ran.signal,
        "started": show_time(ran.started),
        "ended": show_time(ran.ended),
        "script time": show_duration(ran.duration),
        "cpu time": show_duration(ran.cpu_seconds),
        "peak memory": show_bytes(ran.peak_memory),
        "host": ran.host,
        "python": ran.python_version,
    }


def _prepared(prepared: PrepareRecord) -> dict[str, Any]:
    snapshot, environment = prepared.snapshot, prepared.environment
    git = snapshot.git
    details = {
        "snapshot": f"{snapshot.hash} ({_count(snapshot.files)}, {show_bytes(snapshot.bytes)})",
        "environment": f"{environment.kind}, Python {environment.python_version}, {len(environment.packages)} packages",
        "environment key": environment.key,
    }
    if environment.kind != "current":  # which is never built
        details["built"] = (
            "no, from the cache" if environment.cached else f"yes, in {show_duration(environment.seconds)}"
        )
    if git is not None and git.commit:
        state = " with uncommitted changes" if git.dirty else ""
        details["git"] = f"{git.commit[:12]} on {git.branch or 'no branch'}{state}"
        details["git remote"] = git.remote or ""
    return details


def _inputs(prepared: PrepareRecord) -> dict[str, Any]:
    return {
        name: f"{item.asset or item.path}"
        f" ({item.mode}, {_count(item.files)}, {show_bytes(item.bytes)}, {item.hash[:12]})"
        for name, item in prepared.inputs.items()
    }


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"
