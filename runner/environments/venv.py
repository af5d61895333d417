"""Virtual environments: resolved to a lock, built with uv, kept by their content."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from runner.environments.build import LOCK, built
from runner.environments.handle import PrefixHandle
from runner.environments.interpreters import Interpreter, Interpreters
from runner.environments.lock import OFFLINE_PYTHON, complaint, key_of, pins, resolve, uv
from runner.environments.spec import gather
from runner.errors import UserError
from runner.files import write_text
from runner.layout import Layout
from runner.ports import Host, Say
from runner.records import EnvironmentRecord


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
        record = built(self.layout, key, lambda staging: self._build(host, lock, python, staging, key, say), say)
        record = dataclasses.replace(record, seconds=round(time.perf_counter() - start, 4))
        return PrefixHandle(record, self.layout.environment(key) / "bin" / "python", lock)

    def _build(
        self, host: Host, lock: str, python: Interpreter, staging: Path, key: str, say: Say
    ) -> EnvironmentRecord:
        say(f"Building environment {key[:12]} with Python {python.version}, {len(pins(lock))} packages")
        command = [uv(), "venv", "--relocatable", "--no-project", "--quiet", "--python", str(python.path)]
        _run(host, [*command, str(staging)], say)
        write_text(staging / LOCK, lock)
        inner = str(staging / "bin" / "python")
        if pins(lock):
            install = [uv(), "pip", "install", "--require-hashes", "--compile-bytecode", "--python", inner]
            _run(host, [*install, "-r", str(staging / LOCK)], say)
        _run(host, [uv(), "pip", "check", "--quiet", "--python", inner], say)
        _run(host, [inner, "-c", "import sys, ssl, ctypes"], say)
        prefix = self.layout.relative(self.layout.environment(key))
        return EnvironmentRecord(
            kind="venv",
            key=key,
            prefix=prefix,
            python=f"{prefix}/bin/python",
            python_version=python.version,
            platform=python.platform,
            packages=pins(lock),
        )


def _run(host: Host, argv: list[str], say: Say) -> None:
    done = host.run(argv, variables={**OFFLINE_PYTHON, "VIRTUAL_ENV": None}, say=say)
    if done.exit_code != 0:
        raise UserError(
            f"The environment cannot be built: {complaint(done.output)}", "The whole log is logs/environment.log"
        )
