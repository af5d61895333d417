"""Virtual environments: resolved to a lock, built with uv, kept by their content."""

from __future__ import annotations

import dataclasses
import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from runner.environments.handle import PrefixHandle
from runner.environments.interpreters import Interpreter, Interpreters
from runner.environments.lock import OFFLINE_PYTHON, complaint, key_of, pins, resolve, uv
from runner.environments.spec import gather
from runner.errors import UserError
from runner.files import locked, remove_tree, sweep, sync_folder, write_json, write_text
from runner.layout import Layout
from runner.ports import Host, Say
from runner.records import EnvironmentRecord

_RECORD, _LOCK = "environment.json", "environment.lock"


class VenvEnvironment:
    """An environment from packages, a requirements file or the pip part of a conda YAML.

    Parameters
    ----------
    layout : Layout
        The workspace.
    packages, requirements, conda_file, python
        What is asked for; see ``conf/environment/venv.yaml``.
    upgrade : bool
        Resolve anew although there is a lock.
    base : Path
        Where relative paths start.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        packages: Sequence[str] = (),
        requirements: str | None = None,
        conda_file: str | None = None,
        python: str | None = None,
        upgrade: bool = False,
        base: Path = Path(),
    ) -> None:
        self.layout, self.packages, self.requirements, self.conda_file = layout, packages, requirements, conda_file
        self.python, self.upgrade, self.base = python, upgrade, base

    def prepare(self, host: Host, say: Say) -> PrefixHandle:
        """Resolve, build unless it is there, and return the environment.

        Raises
        ------
        UserError
            If the Python or a package cannot be had, or the build fails.
        """
        start = time.perf_counter()
        spec = gather(self.packages, self.requirements, self.conda_file, self.python, base=self.base, say=say)
        python = Interpreters(self.layout, host).find(spec.python)
        lock = resolve(self.layout, host, spec, python, upgrade=self.upgrade, say=say)
        return self._built(host, lock, python, start, say)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> PrefixHandle:
        """Return the environment of an earlier run, built again from its lock if it is gone.

        Raises
        ------
        UserError
            If its Python is not there any more, or is on another platform.
        """
        start = time.perf_counter()
        python = Interpreters(self.layout, host).find(record.python_version)
        if python.platform != record.platform:
            raise UserError(f"That run's environment is for {record.platform}, this machine is {python.platform}")
        return self._built(host, lock_text, python, start, say)

    def _built(self, host: Host, lock: str, python: Interpreter, start: float, say: Say) -> PrefixHandle:
        key = key_of(lock, python)
        target = self.layout.environment(key)
        cached = _usable(target)
        if not cached:
            self.layout.environments.mkdir(parents=True, exist_ok=True)
            with locked(self.layout.environments / f"{key}.lock"):
                cached = _usable(target)
                if not cached:
                    if target.exists():
                        say(f"Environment {key[:12]} is damaged and is built again")
                        remove_tree(target)
                    self._build(host, lock, python, target, say)
        record = EnvironmentRecord.from_json(json.loads((target / _RECORD).read_bytes()))
        seconds = round(time.perf_counter() - start, 4)
        record = dataclasses.replace(record, cached=cached, seconds=seconds)
        return PrefixHandle(record, target / "bin" / "python", lock)

    def _build(self, host: Host, lock: str, python: Interpreter, target: Path, say: Say) -> None:
        sweep(self.layout.environments, ".building-")
        staging = target.with_name(f".building-{secrets.token_hex(6)}")
        with locked(staging.with_suffix(".lock")):
            try:
                start = time.perf_counter()
                say(f"Building environment {target.name[:12]} with Python {python.version}, {len(pins(lock))} packages")
                _run(
                    host,
                    [
                        uv(),
                        "venv",
                        "--relocatable",
                        "--no-project",
                        "--quiet",
                        "--python",
                        str(python.path),
                        str(staging),
                    ],
                    say,
                )
                write_text(staging / _LOCK, lock)
                inner = str(staging / "bin" / "python")
                if pins(lock):
                    install = [uv(), "pip", "install", "--require-hashes", "--compile-bytecode", "--python", inner]
                    _run(host, [*install, "-r", str(staging / _LOCK)], say)
                _run(host, [uv(), "pip", "check", "--quiet", "--python", inner], say)
                _run(host, [inner, "-c", "import sys, ssl, ctypes"], say)
                record = EnvironmentRecord(
                    kind="venv",
                    key=target.name,
                    prefix=self.layout.relative(target),
                    python=self.layout.relative(target) + "/bin/python",
                    python_version=python.version,
                    platform=python.platform,
                    packages=pins(lock),
                )
                write_json(staging / _RECORD, record.to_json())
                staging.rename(target)
                sync_folder(target.parent)
                say(f"Built in {time.perf_counter() - start:.1f} s")
            finally:
                remove_tree(staging)
                staging.with_suffix(".lock").unlink(missing_ok=True)


def _usable(target: Path) -> bool:
    return (target / _RECORD).exists() and (target / "bin" / "python").exists()


def _run(host: Host, argv: list[str], say: Say) -> None:
    done = host.run(argv, variables={**OFFLINE_PYTHON, "VIRTUAL_ENV": None}, say=say)
    if done.exit_code != 0:
        raise UserError(
            f"The environment cannot be built: {complaint(done.output)}", "The whole log is logs/environment.log"
        )
