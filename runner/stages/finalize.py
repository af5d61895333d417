"""Finalize: moves outputs and logs to the run's folder, hashes them and summarizes metrics. Safe to repeat."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.metrics import last_values
from runner.io.files import write_json
from runner.io.folders import list_files
from runner.io.hashes import hash_file
from runner.io.json_records import read_lines, read_record
from runner.layout import RunLayout
from runner.records import ChildRecord, FileRecord, FinalizeRecord, ManifestRecord, MetricLine, RunRecord
from runner.stages.collect import collect_metrics, collect_outputs
from runner.statuses import COMPLETED


def finalize(context: RunContext, record: RunRecord) -> FinalizeRecord:
    """Collect the results of the script.

    Raises
    ------
    UserError
        If a data output is missing or refused. The other results are recorded first.
    """
    run, notes = context.run, list[str]()
    for source, target in ((run.work_outputs, run.outputs), (run.work_logs, run.logs)):
        _move(source, target)
    if record.prepare is not None:
        _drop_unchanged(context, record.prepare.snapshot.hash)
    notes += collect_outputs(run, context.spec.job.outputs)
    notes += collect_metrics(run, context.spec.job.metrics_files)
    _close_children(run, record)
    outputs = tuple(
        FileRecord(path=name, bytes=(run.outputs / name).stat().st_size, sha256=hash_file(run.outputs / name))
        for name in list_files(run.outputs)
    )
    metrics = last_values(read_lines(run.metrics, MetricLine))
    return _published(context, record, FinalizeRecord(outputs=outputs, metrics=metrics, notes=tuple(notes)))


def _published(context: RunContext, record: RunRecord, made: FinalizeRecord) -> FinalizeRecord:
    """Publish the data outputs of a completed script. If one is refused, the collected results are still recorded."""
    if not context.spec.data.outputs or record.run is None or record.run.status != COMPLETED:
        return made
    from runner.stages.publish import publish  # few runs have data outputs

    try:
        return dataclasses.replace(made, data=publish(context, record))
    except UserError:
        context.runs.write(dataclasses.replace(record, finalize=made))
        raise


def _move(source: Path, target: Path) -> None:
    """Move a folder's files. Links have been removed, so nothing from outside the run is included."""
    if not source.is_dir():
        return
    target.mkdir(exist_ok=True)
    for parent, _, names in os.walk(source, topdown=False, followlinks=False):
        here = Path(parent)
        place = target / here.relative_to(source)
        place.mkdir(parents=True, exist_ok=True)
        for name in names:
            (here / name).rename(_free(place / name))
        if here != source or not any(here.iterdir()):
            here.rmdir()


def _free(path: Path) -> Path:
    """Return the path, or another name if the run's own file has it (``logs/run.log``)."""
    number, candidate = 1, path
    while candidate.exists():
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return candidate


def _drop_unchanged(context: RunContext, digest: str) -> None:
    """Remove files from the working copy that equal the snapshot's. Files that the script wrote are kept."""
    work, manifest = context.run.work, context.layout.snapshot(digest) / "manifest.json"
    if not manifest.exists() or not work.is_dir():
        return
    real = work.resolve()
    is_own: dict[Path, bool] = {}
    for name, facts in read_record(manifest, ManifestRecord).files.items():
        file = work / name
        if file.parent not in is_own:  # the script may have replaced a folder with a link to its source
            is_own[file.parent] = file.parent.resolve() == (real / name).parent
        if not is_own[file.parent] or file.is_symlink() or not file.is_file():
            continue
        if file.stat().st_size == facts.size and hash_file(file) == facts.sha256:
            file.unlink()
    for parent, _, names in os.walk(work, topdown=False):
        if Path(parent).name == "__pycache__":
            for name in names:
                Path(parent, name).unlink()
        if not any(Path(parent).iterdir()):
            Path(parent).rmdir()


def _close_children(run: RunLayout, record: RunRecord) -> None:
    """Give child runs that the script never completed the run's own status."""
    for path in run.children.glob(f"*/{RunLayout.child}"):
        try:
            child = read_record(path, ChildRecord)
        except (UserError, FileNotFoundError):  # caused by the script; shown where children are listed
            continue
        if child.status == "running" and record.run is not None:
            write_json(path, dataclasses.replace(child, status=record.run.status).to_json())
