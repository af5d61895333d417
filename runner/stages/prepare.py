"""Prepare: copies the source, prepares the environment and hashes the inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TextIO

from runner.access import ownership
from runner.config.data_settings import InputConfig
from runner.config.validation.composition import source_folder
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.hosts.remote.link import UnreachableError
from runner.io.files import write_text
from runner.ports.environment import EnvironmentHandle
from runner.ports.say import Say
from runner.records import EnvironmentRecord, InputRecord, PrepareRecord, RunRecord, SnapshotRecord
from runner.stages.missing_files import check_script


def prepare(context: RunContext, _record: RunRecord) -> PrepareRecord:
    """Snapshot the source, prepare the environment and the inputs.

    Raises
    ------
    UserError
        If the source, the environment or an input is not available or could have been written by others, or the
        endpoint would refuse the model.
    """
    snapshot = _snapshot(context)
    ownership.check(context.layout.root, context.layout.snapshot(snapshot.hash))
    environment = _environment(context)
    if context.spec.endpoint is not None and "deploy" in context.spec.stages:
        context.preflight(context.spec.endpoint, str(context.spec.model.name), environment.python_version)
    return PrepareRecord(snapshot=snapshot, environment=environment, inputs=_inputs(context))


def _snapshot(context: RunContext) -> SnapshotRecord:
    if context.restored_from is not None:
        earlier = context.runs.read(context.restored_from.run_id)
        assert earlier.prepare is not None  # noqa: S101 - a rerun starts from a prepared run
        return earlier.prepare.snapshot
    source = source_folder(context.spec, context.base)
    saved = context.snapshots.save(source, context.say)
    check_script(context, source, saved)
    return dataclasses.replace(saved, git=context.look_at_git(source, context.run.diff))


def _environment(context: RunContext) -> EnvironmentRecord:
    with _logging(context) as say:
        handle = _handle(context, say)
    write_text(context.run.lock_file, handle.lock_text())
    context.handle = handle
    return dataclasses.replace(handle.record, lock=context.run.lock_file.name)


def _handle(context: RunContext, say: Say) -> EnvironmentHandle:
    """Prepare the environment on a machine that answers. If the machine is lost, use another one or wait."""
    restored, reported = context.restored_from, ""
    while True:
        try:
            host = context.compute.host()
            if restored is None:
                return context.environment.prepare(host, say)
            return context.environment.restore(restored.environment, restored.lock_text, host, say)
        except UnreachableError as lost:
            if context.run.cancel.exists():
                raise
            if lost.message != reported:  # each loss is reported once, because it may be down for long
                say(f"{lost.message}: trying again")
            reported = lost.message


class _logging:  # noqa: N801 - used as a function
    """Show each line to the user and write it to a log of the run, which is created on the first line."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.file: TextIO | None = None

    def __enter__(self) -> Callable[[str], None]:
        def say(line: str) -> None:
            if self.file is None:
                self.file = self.context.run.environment_log.open("a", encoding="utf-8", buffering=1)
            self.file.write(line + "\n")
            self.context.say(line)

        return say

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()


def _inputs(context: RunContext) -> dict[str, InputRecord]:
    records: dict[str, InputRecord] = {}
    for name, settings in context.spec.data.inputs.items():
        records[name] = _input(context, name, settings)
        if context.expected_inputs.get(name, records[name].hash) != records[name].hash:
            raise UserError(f"Input {name} has changed since the step that wrote it ended ({records[name].path})")
        restored = context.restored_from
        if restored is not None and records[name].hash != restored.input_hashes.get(name):
            raise UserError(
                f"Data input {name} at {records[name].path} has changed since run {restored.run_id} read it"
            )
    return records


def _input(context: RunContext, name: str, settings: InputConfig) -> InputRecord:
    if settings.asset is not None:
        return context.inputs.save_asset(name, settings.asset, settings.mode, context.run.inputs, settings.filename)
    if settings.path is None:
        raise UserError(
            f"data.inputs.{name} is the output of a step, {settings.step}, but the run is not part of a pipeline",
            f"Give it a source: data.inputs.{name}.path=FILE",
        )
    path = (context.base / settings.path).expanduser()
    return context.inputs.save(name, path, settings.mode, context.run.inputs, settings.filename)
