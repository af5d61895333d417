"""Finds an output of a completed step, and the hash that its content had when the step ended."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from runner.config.data_settings import read_output
from runner.errors import UserError
from runner.layout import Layout, RunLayout
from runner.pipelines.planning.references import ALL_OUTPUTS, Reference
from runner.pipelines.store import read_steps
from runner.records import RunRecord


@dataclass(frozen=True)
class HandedOn:
    """An output that another step reads. `hash` is the hash of its content when its step ended."""

    path: Path
    hash: str


def handed_on(layout: Layout, record: RunRecord, reference: Reference) -> HandedOn:
    """Return an output of a completed step.

    Parameters
    ----------
    record : RunRecord
        The run of the step that comes first in the reference.

    Raises
    ------
    UserError
        If the step did not write it.
    """
    record = _below(layout, record, reference)
    name = "" if reference.output == ALL_OUTPUTS else reference.output
    declared = (record.part("data").get("outputs") or {}).get(name)
    output = read_output(name, declared)
    inside = "/".join(part for part in (name, output.filename) if part)
    files = {file.path: file.sha256 for file in record.finalize.outputs} if record.finalize else {}
    path = layout.run(record.experiment, record.id).outputs / inside
    if inside in files:
        return HandedOn(path, files[inside])
    within = {file: digest for file, digest in files.items() if not inside or file.startswith(f"{inside}/")}
    if not within:
        raise UserError(f"Step '{reference.step}' left no output '{reference.output}' (run {record.id})")
    lines = "".join(f"{digest}  {_relative(file, inside)}\n" for file, digest in sorted(within.items()))
    return HandedOn(path, hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest())


def _relative(path: str, inside: str) -> str:
    return path[len(inside) + 1 :] if inside else path


def _below(layout: Layout, record: RunRecord, reference: Reference) -> RunRecord:
    """Return the run that a reference names, following it through steps that are pipelines themselves."""
    from runner.store.runs import FileRunStore

    for name in reference.below:
        step = read_steps(RunLayout(layout.run(record.experiment, record.id).root)).get(name)
        if step is None or step.run is None:
            raise UserError(f"${{step:{reference.text}}}: the pipeline {record.id} has no result of step '{name}'")
        record = FileRunStore(layout).read(step.run)
    return record
