"""Finds the run that a user means, and reads its record as it is now."""

from __future__ import annotations

from runner.api.find import Store, find_record
from runner.api.runs.children import Child, children_of, walk
from runner.errors import UserError
from runner.execution.control import is_followed
from runner.layout import Layout, RunLayout
from runner.records import RunRecord
from runner.statuses import TERMINAL
from runner.store.edits import current
from runner.store.runs import FileRunStore


def find_run(layout: Layout, text: str) -> RunRecord:
    """Return the record of the run that a user means. Neither finishes nor executes anything.

    Raises
    ------
    UserError
        If it does not exist, with a hint if it is a sweep.
    """

    def sweeps() -> Store[object]:
        from runner.sweeps.store import SweepStore

        return SweepStore(layout)

    return find_record(
        text, FileRunStore(layout), sweeps,
        lambda sweep: (
            f"{sweep} is a sweep, but this command takes runs", f"List its trials, which are runs: vivero sweep {sweep}"
        ),
    )  # fmt: skip


def matching(layout: Layout, text: str) -> list[str]:
    """Return the ids of runs that contain a text, newest last."""
    return FileRunStore(layout).matching(text)


def looked_at(layout: Layout, record: RunRecord) -> tuple[RunRecord, bool]:
    """Return a run's current record, and whether the run has ended or is followed.

    The locks are checked before the record is read, because their holder writes the final record first.
    """
    if record.status in TERMINAL:
        return record, True
    followed = is_followed(layout.run(record.experiment, record.id))
    record = FileRunStore(layout).read(record.id)
    return record, followed or record.status in TERMINAL


def seen(layout: Layout, record: RunRecord) -> tuple[RunRecord, bool]:
    """Return what `looked_at` does, with what the script and users have changed of a run that has not ended."""
    record, followed = looked_at(layout, record)
    return current(layout.run(record.experiment, record.id), record), followed


def find_child(layout: Layout, text: str) -> tuple[RunRecord, Child] | None:
    """Return the child that a text names, such as ``RUN_1`` or ``RUN_1_2``, and its run, or None."""
    run, _, number = text.rpartition("_")
    while number.isdigit() and run:
        try:
            record = find_run(layout, run)
        except UserError:
            run, _, number = run.rpartition("_")
            continue
        wanted = f"{record.id}{text[len(run) :]}"
        every = walk(children_of(layout.run(record.experiment, record.id).children))
        return next(((record, child) for child in every if child.get("id") == wanted), None)
    return None


def child_folder(run: RunLayout, run_id: str, child_id: str) -> RunLayout:
    """Return the folder of a child, which is named by its id, below those of the children above it."""
    folder, above = run, run_id
    for number in child_id.removeprefix(f"{run_id}_").split("_"):
        above = f"{above}_{number}"
        folder = RunLayout(folder.children / above)
    return folder
