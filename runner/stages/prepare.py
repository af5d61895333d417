"""Prepare: the source is copied, the environment is ready, the inputs are hashed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TextIO

from runner.access import ownership
from runner.config.validation import source_folder
from runner.errors import UserError
from runner.execution.context import Bench
from runner.hosts.remote.link import UnreachableError
from runner.io.files import write_text
from runner.ports import EnvironmentHandle, Say
from runner.records import EnvironmentRecord, InputRecord, PrepareRecord, RunRecord, SnapshotRecord
from runner.stages.missing_files import check_script


def prepare(bench: Bench, _record: RunRecord) -> PrepareRecord:
    """Snapshot the source, prepare the environment and the inputs.

    Raises
    ------
    UserError
        If the source, the environment or an input cannot be had, or others could have written what is kept of it, or
        the endpoint could not be deployed to.
    """
    snapshot = _snapshot(bench)
    ownership.check(bench.layout.root, bench.layout.snapshot(snapshot.hash))
    environment = _environment(bench)
    if bench.spec.endpoint is not None and "deploy" in bench.spec.stages:
        bench.foresee(bench.spec.endpoint, str(bench.spec.model.name), environment.python_version)
    return PrepareRecord(snapshot=snapshot, environment=environment, inputs=_inputs(bench))


def _snapshot(bench: Bench) -> SnapshotRecord:
    if bench.restored_from is not None:
        earlier = bench.runs.read(bench.restored_from.run_id)
        assert earlier.prepare is not None  # noqa: S101 - a rerun starts from a prepared run
        return earlier.prepare.snapshot
    source = source_folder(bench.spec, bench.base)
    saved = bench.snapshots.save(source, bench.say)
    check_script(bench, source, saved)
    return dataclasses.replace(saved, git=bench.look_at_git(source, bench.run.diff))


def _environment(bench: Bench) -> EnvironmentRecord:
    with _logging(bench) as say:
        handle = _handle(bench, say)
    write_text(bench.run.lock_file, handle.lock_text())
    bench.handle = handle
    return dataclasses.replace(handle.record, lock=bench.run.lock_file.name)


def _handle(bench: Bench, say: Say) -> EnvironmentHandle:
    """Prepare the environment on a machine that answers; one that is lost meanwhile is replaced or waited for."""
    restored, said = bench.restored_from, ""
    while True:
        try:
            host = bench.compute.host()
            if restored is None:
                return bench.environment.prepare(host, say)
            return bench.environment.restore(restored.environment, restored.lock_text, host, say)
        except UnreachableError as lost:
            if bench.run.cancel.exists():
                raise
            if lost.message != said:  # it may be away for long, and is tried all the time
                say(f"{lost.message}: trying again")
            said = lost.message


class _logging:  # noqa: N801 - used as a function
    """Say every line to the user and keep it as a log of the run, which is there if something was said."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.file: TextIO | None = None

    def __enter__(self) -> Callable[[str], None]:
        def say(line: str) -> None:
            if self.file is None:
                self.file = self.bench.run.environment_log.open("a", encoding="utf-8", buffering=1)
            self.file.write(line + "\n")
            self.bench.say(line)

        return say

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()


def _inputs(bench: Bench) -> dict[str, InputRecord]:
    found: dict[str, InputRecord] = {}
    for name, one in bench.spec.data.inputs.items():
        path = (bench.base / one.path).expanduser()
        found[name] = bench.inputs.save(name, path, one.mode, bench.run.inputs, one.filename)
        restored = bench.restored_from
        if restored is not None and found[name].hash != restored.input_hashes.get(name):
            raise UserError(f"Data input {name} at {path} is not what run {restored.run_id} read: it has changed since")
    return found
