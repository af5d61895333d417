"""Conda environments: solved to a lock, installed with rattler, cached by content."""

from __future__ import annotations

import dataclasses
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

from runner.environments.build import LOCK, built, staging_path
from runner.environments.conda.activation import CondaHandle
from runner.environments.conda.lock import CondaLock, key_of, read_lock, this_platform
from runner.environments.conda.spec import CondaSpec, gather
from runner.environments.requirements.local_packages import with_stored_wheels
from runner.environments.requirements.lock import cached_lock, compile_lock
from runner.environments.requirements.packages import installed_packages
from runner.environments.requirements.wheel_store import WheelStore
from runner.hosts.local import LocalHost
from runner.io.files import write_text
from runner.layout import Layout
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord


class CondaEnvironment:
    """An environment from a conda YAML, or from conda packages and pip packages.

    Parameters
    ----------
    layout : Layout
        The workspace.
    file, packages, pip, python, channels, channel_priority
        The settings; see ``conf/environment/conda.yaml``.
    upgrade : bool
        Solve again even if there is a lock.
    base : Path
        The folder that relative paths refer to.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        file: str | None = None,
        packages: Sequence[str] = (),
        pip: Sequence[str] = (),
        python: str | None = None,
        channels: Sequence[str] = (),
        channel_priority: str = "strict",
        upgrade: bool = False,
        base: Path = Path(),
    ) -> None:
        self.layout, self.file, self.packages, self.pip, self.python = layout, file, packages, pip, python
        self.channels, self.channel_priority, self.upgrade, self.base = channels, channel_priority, upgrade, base

    def prepare(self, host: Host, say: Say) -> CondaHandle:
        """Return the environment, solving and building it if necessary.

        Raises
        ------
        UserError
            If a package is not available, or the build fails.
        """
        start = time.perf_counter()
        return self._built(self.lock(host, say), start, say)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> CondaHandle:  # noqa: ARG002
        """Return the environment of an earlier run, reinstalled from its lock if necessary.

        Raises
        ------
        UserError
            If a package is no longer available, or the lock is for another platform.
        """
        return self._built(lock_text, time.perf_counter(), say)

    def lock(self, host: Host, say: Say) -> str:
        """Return the lock for the settings, solving only if there is none or an upgrade is requested.

        Raises
        ------
        UserError
            If there is no solution.
        """
        spec = gather(
            self.file,
            self.packages,
            self.pip,
            self.python,
            self.channels,
            self.channel_priority,
            base=self.base,
            say=say,
        )
        pip = with_stored_wheels(spec.pip, WheelStore(self.layout, upgrade=self.upgrade), say)
        spec = dataclasses.replace(spec, pip=pip)
        return cached_lock(
            self.layout, _fingerprint(spec), lambda path: self._solve(spec, host, path, say), upgrade=self.upgrade
        )

    def _solve(self, spec: CondaSpec, host: Host, path: Path, say: Say) -> str:
        from runner.environments.conda.solve import solve

        say(f"Solving {len(spec.specs)} conda packages from {', '.join(spec.channels)}")
        lock = CondaLock(this_platform(), solve(spec))
        if spec.pip.lines:
            lock = dataclasses.replace(lock, pip=self._pip_part(spec, lock, host, path, say))
        return lock.text()

    def _pip_part(self, spec: CondaSpec, lock: CondaLock, host: Host, path: Path, say: Say) -> str:
        """Resolve the pip part for the solved Python without changing the conda packages."""
        from runner.environments.conda.install import link

        with staging_path(self.layout.environments) as folder:
            link(lock, folder, str(folder), say)
            installed = installed_packages(
                [str(site_packages) for site_packages in folder.glob("lib/python*/site-packages")]
            )
            say(f"Resolving {len(spec.pip.lines)} requirements of the pip part for Python {lock.python()}")
            fixed = tuple(f"{name}=={version}" for name, version in installed.items())
            pip = dataclasses.replace(spec.pip, constraints=(*spec.pip.constraints, *fixed))
            python = ["--python", str(folder / "bin" / "python")]
            return compile_lock(host, pip, python, path, say, WheelStore(self.layout), list(installed))

    def _built(self, lock: str, start: float, say: Say) -> CondaHandle:
        key = key_of(lock, self.layout.environments)
        content = read_lock(lock)
        record = built(
            LocalHost(), self.layout, key, lambda staging: self._build(lock, content, staging, key, say), say
        )
        record = dataclasses.replace(record, seconds=round(time.perf_counter() - start, 4))
        return CondaHandle(record, self.layout.environment(key) / "bin" / "python", lock)

    def _build(self, lock: str, content: CondaLock, staging: Path, key: str, say: Say) -> EnvironmentRecord:
        from runner.environments.conda.install import install

        say(f"Building environment {key[:12]} with Python {content.python()}, {len(content.versions())} packages")
        target = self.layout.environment(key)
        install(lock, staging, str(target), say, WheelStore(self.layout))
        write_text(staging / LOCK, lock)
        prefix = self.layout.relative(target)
        return EnvironmentRecord(
            kind="conda",
            key=key,
            prefix=prefix,
            python=f"{prefix}/bin/python",
            python_version=content.python(),
            platform=content.platform,
            packages=content.versions(),
        )


def _fingerprint(spec: CondaSpec) -> str:
    """Return everything that a solution depends on: the settings, and the machine as the solver sees it."""
    overrides = [f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("CONDA_OVERRIDE_")]
    machine = [this_platform(), *platform.libc_ver(), *overrides]
    pip = [*spec.pip.options, *spec.pip.lines, "", *spec.pip.constraints]
    return "\n".join(["conda", *spec.specs, "", *spec.channels, spec.priority, "", *pip, "", *machine])
