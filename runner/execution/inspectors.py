"""Loads a model in a clean process of its run's environment, on this machine or a node."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.execution.context import RunContext
from runner.io.hashes import hash_tree
from runner.io.json_records import read_text
from runner.layout import BOOTSTRAP, WORKER
from runner.ports.environment import EnvironmentHandle
from runner.ports.inspector import Inspector
from runner.ports.say import Say
from runner.records import Inspection, RunRecord
from runner.worker import timeouts
from runner.worker.models.flavours import EXAMPLES

if TYPE_CHECKING:
    from runner.hosts.remote.host import RemoteHost

_PROGRAM = "models.inspector"


def inspector_of(context: RunContext, record: RunRecord) -> Inspector:
    """Return the inspector for a run's model: on a node if the run was on one."""
    if context.compute.apart:
        return ApartInspector(context.compute.host, lambda host: _environment(context, record, host))
    handle = context.handle or _restored(context, record, context.compute.host())
    return LocalInspector(handle.argv(["python"]), context.say)


def _environment(context: RunContext, record: RunRecord, host: Any) -> EnvironmentHandle:
    return context.handle.on(host, context.say) if context.handle is not None else _restored(context, record, host)


def _restored(context: RunContext, record: RunRecord, host: Any) -> EnvironmentHandle:
    """Return the run's environment from its record, not from files that the script can write."""
    assert record.prepare is not None  # noqa: S101 - a model comes from a run that was prepared
    lock = read_text(context.run.lock_file)
    return context.environment.restore(record.prepare.environment, lock, host, context.say)


class LocalInspector:
    """Inspects a model in a new Python process on this machine.

    Parameters
    ----------
    python : sequence of str
        The command that starts the environment's Python.
    """

    def __init__(self, python: Sequence[str], say: Say) -> None:
        self._python, self._say = list(python), say

    def inspect(self, path: Path) -> Inspection:
        """Return the inspection. Its `error` says why the model cannot be loaded."""
        command = [*self._python, "-E", "-s", str(BOOTSTRAP), _PROGRAM, str(path)]
        limit = timeouts.seconds("model_load")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/") as process:
            for waited in self._waits(path, limit):
                try:
                    answer, complaint = process.communicate(timeout=waited)
                except subprocess.TimeoutExpired:
                    continue
                return _read(path, process.returncode, answer, complaint)
            process.kill()
        return _failed(
            path, f"loading it took over {limit:g} s (VIVERO_TIMEOUTS=model_load={2 * limit:g} gives it more)"
        )

    def _waits(self, path: Path, limit: float) -> Iterator[float]:
        """Yield the seconds to wait, up to `limit` in total. Reports progress before each wait but the first."""
        step, begun = timeouts.progress_interval(limit), time.monotonic()
        yield step
        while (passed := time.monotonic() - begun) < limit:
            self._say(f"Inspecting {path.name}: {passed:.0f} s so far, limit {limit:g} s")
            yield min(step, limit - passed)


class ApartInspector:
    """Copies a model to another machine, inspects it on that machine and removes the copy.

    Parameters
    ----------
    host : callable
        Returns the machine.
    environment : callable
        Returns the run's environment on that machine, building it if necessary.
    """

    def __init__(self, host: Callable[[], Any], environment: Callable[[Any], EnvironmentHandle]) -> None:
        self._host, self._environment = host, environment

    def inspect(self, path: Path) -> Inspection:
        """Return the inspection. Its `error` says why the model cannot be loaded.

        Raises
        ------
        UserError
            If no machine answers, or the environment cannot be built on it.
        """
        host: RemoteHost = self._host()
        handle = self._environment(host)
        folder = host.root / "inspections" / secrets.token_hex(8)
        try:
            for file in (BOOTSTRAP, WORKER / "files.py", *(WORKER / "models").glob("*.py")):
                host.put(file, folder / file.relative_to(WORKER))
            for candidate in (path, *(path.with_name(name) for name in EXAMPLES)):
                if candidate.exists():
                    host.put(candidate, folder / "model" / candidate.name)
            answer = folder / "answer.json"
            program = ["python", "-E", "-s", str(folder / BOOTSTRAP.name), _PROGRAM]
            words = [*program, str(folder / "model" / path.name), str(answer)]
            try:
                done = host.run(handle.argv(words), cwd=folder, timeout=timeouts.seconds("model_load"))
            except UserError as mistake:
                return _failed(path, str(mistake))
            return _read(path, done.exit_code, host.read(answer) if done.exit_code == 0 else b"", done.output)
        finally:
            host.remove(folder)


def _read(path: Path, code: int, answer: bytes, complaint: bytes) -> Inspection:
    if code != 0:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        return _failed(path, f"the process that loaded it ended with {code} ({' '.join(last)})")
    return Inspection.from_json(json.loads(answer))


def _failed(path: Path, error: str) -> Inspection:
    return Inspection(path=path.name, sha256=hash_tree(path), error=error)
