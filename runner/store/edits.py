"""Changes that users make to a run: its tags, note and display name, and whether it is archived.

The record of a run that has ended is replaced as a whole, under the lock that its controller held. Until then only the
controller writes the record, so a change is one line of ``edits.jsonl``, which the controller applies when it ends the
run. ``edits_lock`` keeps the two apart: no line is added between the controller's reading of the lines and
the final record, so that no change is lost and no reader sees a final record without it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from runner.errors import NotFoundError
from runner.io.files import append_json_line, write_text
from runner.io.json_records import read_lines
from runner.io.locks import locked
from runner.io.record import Encoder
from runner.layout import Layout, RunLayout
from runner.records import EditLine, PropertyLine, RunRecord
from runner.statuses import TERMINAL
from runner.store.runs import read_record

Change = Mapping[str, Any]
"""The changed fields: ``tags`` (null removes one), ``note``, ``display_name``, ``archived``."""

_LONGEST = 1 << 18  # bytes of `.edited.jsonl`
FIELDS = ("tags", "properties", "display_name", "note", "archived")  # the fields that can change while a run is active


def read_changes(run: RunLayout) -> list[Change]:
    """Return the changes to a run in the order in which they apply: those by its script, then those by users."""
    by_script = (_of_script(line) for line in read_lines(run.properties, PropertyLine))
    return [*(change for change in by_script if change), *read_lines(run.edits, EditLine)]


def _of_script(line: Mapping[str, Any]) -> Change:
    kind, name, value = line["kind"], line["name"], line["value"]
    if kind in ("tag", "property"):
        return {"tags" if kind == "tag" else "properties": {name: value}}
    return {kind: value} if kind == "display_name" and value else {}


def changed(fields: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return the values of `FIELDS` after applying changes."""
    values = {name: fields[name] for name in FIELDS if name in fields}
    for change in changes:
        for name in FIELDS:
            if name not in change or name not in values:
                continue
            if name in ("tags", "properties"):
                merged = {**values[name], **change[name]}
                values[name] = {key: value for key, value in merged.items() if value is not None}
            else:
                values[name] = change[name]
    return values


def with_changes(record: RunRecord, changes: Iterable[Change]) -> RunRecord:
    """Return a record after applying changes."""
    return dataclasses.replace(record, **changed(vars(record), changes))


def current(run: RunLayout, record: RunRecord) -> RunRecord:
    """Return a record with the changes since the run began. The record of an ended run already has them."""
    return record if record.status in TERMINAL else with_changes(record, read_changes(run))


@contextlib.contextmanager
def final_changes(run: RunLayout) -> Iterator[list[Change]]:
    """Yield all changes of an active run. None is added until the block, which writes the final record, has ended."""
    with locked(run.edits_lock):
        yield read_changes(run)


def edit(layout: Layout, record: RunRecord, change: Change) -> RunRecord:
    """Change a run and return its record.

    Raises
    ------
    UserError
        If the run was deleted meanwhile.
    """
    run = layout.run(record.experiment, record.id)
    try:
        if record.status not in TERMINAL:
            with locked(run.edits_lock):
                record = read_record(run.root)
                if record.status not in TERMINAL:
                    append_json_line(run.edits, change)
                    return current(run, record)
        return _rewrite(layout, run, change)
    except FileNotFoundError:
        raise NotFoundError(f"Run {record.id} does not exist any more") from None


def _rewrite(layout: Layout, run: RunLayout, change: Change) -> RunRecord:
    with locked(run.controller_lock):
        record = read_record(run.root)
        new = with_changes(record, [change])
        if new != record:
            write_text(run.record, Encoder().encode(new) + "\n")
    with contextlib.suppress(OSError):  # only a hint for other processes, which would notice later without it
        if layout.edited.exists() and layout.edited.stat().st_size > _LONGEST:
            write_text(layout.edited, "")
        append_json_line(layout.edited, {"run": layout.relative(run.root)})
    return new
