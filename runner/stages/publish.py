"""Publish: stores the data outputs of a completed script as the next versions of data assets. Safe to repeat."""

from __future__ import annotations

from pathlib import Path

from runner.config.data_settings import OutputConfig
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.job_order import output_place
from runner.io.files import write_json
from runner.io.folders import list_files
from runner.layout import RunLayout
from runner.records import RunRecord
from runner.store.data.records import AssetRecord
from runner.store.data.store import DataStore


def publish(context: RunContext, record: RunRecord) -> dict[str, str]:
    """Publish the outputs that name an asset; return ``NAME:VERSION`` by output. All outputs are checked first.

    Raises
    ------
    UserError
        If an output is missing or empty, or the store refuses it.
    """
    outputs = context.spec.data.outputs
    for name, output in outputs.items():
        _check(context.run, record, name, output)
    named = {name: output for name, output in outputs.items() if output.asset is not None}
    if not named:
        return {}
    store, again = DataStore(context.layout), context.run.publishing.exists()
    write_json(context.run.publishing, {name: output.asset for name, output in named.items()})
    return {name: _publish(context, store, name, output, again=again).id for name, output in named.items()}


def _publish(context: RunContext, store: DataStore, name: str, output: OutputConfig, *, again: bool) -> AssetRecord:
    asset, run_id = str(output.asset), context.run.root.name
    if again and (made := _already(store, asset, run_id, name)) is not None:
        return made
    place = output_place(context.run.outputs, name, output)
    python = context.handle.argv(["python"])[0] if context.handle is not None else None
    return store.add(
        asset,
        [place],
        type=output.type,
        description=output.description,
        run=run_id,
        output=name,
        pythons=[python] if python else [],
    ).record


def _already(store: DataStore, asset: str, run_id: str, output: str) -> AssetRecord | None:
    """Return the version that an interrupted attempt of this run made."""
    return next(
        (version for version in store.readable(asset) if (version.run, version.output) == (run_id, output)), None
    )


def _check(run: RunLayout, record: RunRecord, name: str, output: OutputConfig) -> None:
    """Check that the script left an output.

    Raises
    ------
    UserError
        If it is missing, or is a folder without files.
    """
    place = output_place(run.outputs, name, output)
    shown = output_place(RunLayout.outputs, name, output)
    if output.filename is None and list_files(place):
        return
    if output.filename is not None and place.is_file():
        return
    refused = [note for note in (record.run.notes if record.run else ()) if _is_about(note, shown)]
    if refused:
        raise UserError(f"Output {name} is missing: {refused[0]}", "Write a copy of the file instead of a link")
    if output.filename is not None and place.is_dir():
        raise UserError(f"Output {name} is a folder, but {shown} is to be a file", f"Remove data.outputs.{name}.as")
    beside = list_files(run.outputs / name) if output.filename is not None else []
    hint = f"It wrote {beside[0]} there" if beside else f"Write it to ${{output:{name}}}"
    raise UserError(f"Output {name} is missing: the script wrote nothing to {shown}", hint)


def _is_about(note: str, place: Path) -> bool:
    return note.startswith((f"{place} ", f"{place}/", f"{place.parent} ")) and note.endswith("was not kept")
