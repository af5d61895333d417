"""Virtual environments: resolved to a lock, built with uv, cached by content."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from runner.environments.build import LOCK, built
from runner.environments.handle import PrefixHandle
from runner.environments.interpreters import Interpreters
from runner.environments.pip import giving_pip
from runner.environments.requirements.indexes import index_variables
from runner.environments.requirements.local_packages import with_stored_wheels
from runner.environments.requirements.lock import hash_options, key_of, pins, requirements_of, resolve
from runner.environments.requirements.spec import gather
from runner.environments.requirements.uv_command import OFFLINE_PYTHON, complaint
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host, Interpreter
from runner.ports.say import Say
from runner.records import EnvironmentRecord

_COMPILED = "UV_COMPILE_BYTECODE"


class VenvEnvironment:
    """An environment from packages, a requirements file or the pip part of a conda YAML.

    Parameters
    ----------
    layout : Layout
        The workspace.
    packages, requirements, conda_file, python, python_match
        The settings; see ``conf/environment/venv.yaml``.
    upgrade : bool
        Resolve again even if there is a lock.
    base : Path
        The folder that relative paths refer to.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        packages: Sequence[str] = (),
        requirements: str | None = None,
        conda_file: str | None = None,
        python: str | None = None,
        python_match: str = "patch",
        upgrade: bool = False,
        base: Path = Path(),
    ) -> None:
        self.layout, self.packages, self.requirements, self.conda_file = layout, packages, requirements, conda_file
        self.python, self.upgrade, self.base = python, upgrade, base
        self.python_match = python_match

    def prepare(self, host: Host, say: Say) -> PrefixHandle:
        """Resolve, build if necessary, and return the environment.

        Raises
        ------
        UserError
            If the Python or a package is not available, or the build fails.
        """
        start = time.perf_counter()
        spec = gather(self.packages, self.requirements, self.conda_file, self.python, base=self.base, say=say)
        spec = with_stored_wheels(spec, WheelStore(self.layout, upgrade=self.upgrade), say)
        python = Interpreters(self.layout, host).find(spec.python, self.python_match)
        lock = resolve(self.layout, host, spec, python, upgrade=self.upgrade, say=say)
        return self._built(host, lock, python, start, say)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> PrefixHandle:
        """Return the environment of an earlier run, rebuilt from its lock if necessary.

        Raises
        ------
        UserError
            If its Python is no longer installed or is for another platform, or the build fails.
        """
        start = time.perf_counter()
        python = Interpreters(self.layout, host).find(record.python_version)
        if python.platform != record.platform:
            where = "this machine is" if host.is_local else f"{host.name} is"
            raise UserError(f"That run's environment is for {record.platform}, but {where} {python.platform}")
        return self._built(host, lock_text, python, start, say)

    def _built(self, host: Host, lock: str, python: Interpreter, start: float, say: Say) -> PrefixHandle:
        layout = Layout(host.root or self.layout.root)
        key = key_of(lock, python)
        make = partial(self._build, host, lock, python, key, say)
        record = built(host, layout, key, make, say)
        record = dataclasses.replace(record, seconds=round(time.perf_counter() - start, 4))
        again = partial(self.restore, record, lock)
        return PrefixHandle(record, layout.environment(key) / "bin" / "python", lock, host, again)

    def _build(
        self, host: Host, lock: str, python: Interpreter, key: str, say: Say, staging: Path
    ) -> EnvironmentRecord:
        say(f"Building environment {key[:12]} with Python {python.version}, {len(requirements_of(lock))} packages")
        command = [host.uv(), "venv", "--relocatable", "--no-project", "--quiet", "--python", str(python.path)]
        _run(host, [*command, str(staging)], say)
        host.write(staging / LOCK, lock.encode())
        inner = str(staging / "bin" / "python")
        if requirements_of(lock):
            install = [host.uv(), "pip", "install", *hash_options(lock), "--python", inner]
            self._install(host, install, lock, python, staging, say)
        _run(host, [host.uv(), "pip", "check", "--quiet", "--python", inner], say)
        _run(host, [inner, "-c", "import sys, ssl, ctypes"], say)
        _run(host, giving_pip(inner), say)
        prefix = f"{Layout.environments}/{key}"
        return EnvironmentRecord(
            kind="venv",
            key=key,
            prefix=prefix,
            python=f"{prefix}/bin/python",
            python_version=python.version,
            platform=python.platform,
            packages=pins(lock),
        )

    def _install(self, host: Host, install: list[str], lock: str, python: Interpreter, staging: Path, say: Say) -> None:
        """Install a lock from an index or from sent packages, and stored wheels from their folder."""
        from runner.environments.requirements.wheels import fetched

        kept, wheels, placed = WheelStore(self.layout), staging / "wheels", staging / "placed.txt"
        with tempfile.TemporaryDirectory(prefix="vivero-kept-") as made:
            if host.is_local:
                host.write(placed, kept.placed(lock).encode())
                _run(host, [*install, "-r", str(placed)], say)
            elif host.fetches:
                host.write(placed, kept.placed(lock, str(wheels)).encode())
                if kept.copy(lock, Path(made, "wheels")):
                    host.put(Path(made, "wheels"), wheels)
                _run(host, [*install, "-r", str(placed)], say)
            else:
                assert host.target is not None  # noqa: S101 - a machine that something is sent to
                host.write(placed, kept.placed(lock, str(wheels)).encode())
                with fetched(kept.placed(lock), python, host.target, say) as folder:
                    say(
                        f"Sending {sum(file.stat().st_size for file in folder.iterdir()) / 2**20:.0f} MB to {host.name}"
                    )
                    host.put(folder, wheels)
                offline = ["--offline", "--no-index", "--find-links", str(wheels)]
                _run(host, [*install, *offline, "-r", str(placed)], say)
        host.remove(wheels)
        host.remove(placed)


def _run(host: Host, argv: list[str], say: Say) -> None:
    # Compiled once for all runs, unless uv is configured otherwise.
    compiled = {_COMPILED: os.environ.get(_COMPILED, "1")}
    away = {} if host.is_local else {**index_variables(), "UV_CACHE_DIR": f"{host.root}/cache"}
    done = host.run(argv, variables={**OFFLINE_PYTHON, **compiled, **away, "VIRTUAL_ENV": None}, say=say)
    if done.exit_code != 0:
        where, why = "" if host.is_local else f" on {host.name}", complaint(done.output)
        hint = "The full log is logs/environment.log"
        if not host.is_local and "Failed to fetch" in why:
            hint = "If the node cannot reach a package index, send packages from here: compute.send_packages=true"
        raise UserError(f"The environment could not be built{where}: {why}", hint)
