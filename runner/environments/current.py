"""The current Python, which runs vivero, as an environment."""

from __future__ import annotations

import hashlib
import platform
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

from runner.environments.handle import PrefixHandle
from runner.environments.requirements.packages import installed_packages, lock_of, portable_packages
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.environment import Environment, EnvironmentHandle
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord

_SHOWN = 5


class CurrentEnvironment:
    """Uses the controller's own Python unchanged and records its packages.

    Parameters
    ----------
    layout : Layout
        The workspace.
    allow_drift : bool
        Continue even if an earlier run's Python has changed.
    like : callable or None
        Creates an environment with given packages and Python version, to reproduce this Python on another machine.
    """

    def __init__(
        self,
        layout: Layout,
        allow_drift: bool = False,
        like: Callable[[list[str], str], Environment] | None = None,
    ) -> None:
        self.layout, self.allow_drift, self._like = layout, allow_drift, like

    def prepare(self, host: Host, say: Say) -> EnvironmentHandle:
        """Record the interpreter and its packages. Nothing is built unless the host is another machine."""
        return self._here() if host.is_local else self._there(host, say)

    def _there(self, host: Host, say: Say) -> EnvironmentHandle:
        assert self._like is not None  # noqa: S101 - given wherever there are other machines
        packages, local = portable_packages()
        if local:
            say(f"Not installed on {host.name}: {', '.join(local)}, which are installed here from a folder or file")
        wanted = [f"{name}=={version}" for name, version in packages.items()]
        return self._like(wanted, ".".join(platform.python_version_tuple()[:2])).prepare(host, say)

    def _here(self) -> PrefixHandle:
        start = time.perf_counter()
        packages = installed_packages()
        lock = lock_of(packages)
        facts = f"{lock}\n{platform.python_version()}\n{sysconfig.get_platform()}"
        record = EnvironmentRecord(
            kind="current",
            key=hashlib.sha256(facts.encode()).hexdigest()[:32],
            prefix=sys.prefix,
            python=sys.executable,
            python_version=platform.python_version(),
            platform=sysconfig.get_platform(),
            packages=packages,
            cached=True,
            seconds=round(time.perf_counter() - start, 4),
        )
        return PrefixHandle(record, Path(sys.executable), lock)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> EnvironmentHandle:
        """Use the interpreter if its packages have not changed.

        Raises
        ------
        UserError
            If they have, unless ``allow_drift``.
        """
        if not host.is_local or record.kind != "current":
            assert self._like is not None  # noqa: S101 - given wherever other machines are
            return self._like([], record.python_version).restore(record, lock_text, host, say)
        handle = self._here()
        now, then = dict(handle.record.packages), dict(record.packages)
        now["python"], then["python"] = handle.record.python_version, record.python_version
        differing = [
            f"{name} was {then.get(name, 'absent')} and is now {now.get(name, 'absent')}"
            for name in sorted(now.keys() | then.keys())
            if now.get(name) != then.get(name)
        ]
        if not differing:
            return handle
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        what = f"{', '.join(differing[:_SHOWN])}{more}"
        if not self.allow_drift:
            action = f"Use the Python of {record.prefix}, install" if record.prefix != sys.prefix else "Install"
            raise UserError(
                f"The current Python has changed since that run: {what}",
                f"{action} those versions, or run anyway: vivero rerun --allow-drift RUN",
            )
        say(f"continuing although {what}")
        return handle
