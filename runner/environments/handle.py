"""A Python prefix as an environment that commands run in."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from runner.errors import UserError
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord


def _path_without_ours(folder: Path) -> str:
    """Return this process's PATH without the controller's own virtual environment, unless that is the environment.

    Otherwise a script's ``pip install`` would change the controller's own installation.
    """
    path = os.environ.get("PATH", os.defpath)
    if sys.prefix == sys.base_prefix or os.path.realpath(folder) == os.path.realpath(f"{sys.prefix}/bin"):
        return path
    ours = os.path.realpath(f"{sys.prefix}/bin")
    return os.pathsep.join(entry for entry in path.split(os.pathsep) if os.path.realpath(entry) != ours)


class PrefixHandle:
    """An environment with one ``bin`` folder."""

    attended = False

    def __init__(
        self,
        record: EnvironmentRecord,
        python: Path,
        lock_text: str,
        host: Host | None = None,
        again: Callable[[Host, Say], PrefixHandle] | None = None,
    ) -> None:
        self.record, self._python, self._lock = record, python, lock_text
        self._host, self._again = None if host is None or host.is_local else host, again

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command. Its program is taken from the environment if it exists there."""
        program, *rest = argv
        if program in ("python", "python3"):
            return [str(self._python), *rest]
        candidate = self._python.parent / program
        exists = "/" not in program and (candidate.exists() if self._host is None else self._host.exists(candidate))
        return [str(candidate) if exists else program, *rest]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the same as `argv`: there is no container to enter."""
        return self.argv(argv)

    def variables(self) -> dict[str, str]:
        """Return the variables that activate the environment."""
        return dict(self._variables)

    @cached_property
    def _variables(self) -> dict[str, str]:
        """Return the variables, computed once for all trials."""
        if self._host is not None:
            path = f"{self._python.parent}{os.pathsep}{self._host.path}"
            return {"PATH": path, "VIRTUAL_ENV": str(self._python.parent.parent)}
        path = f"{self._python.parent}{os.pathsep}{_path_without_ours(self._python.parent)}"
        if not (self._python.parent.parent / "pyvenv.cfg").exists():
            return {"PATH": path}
        return {"PATH": path, "VIRTUAL_ENV": str(self._python.parent.parent)}

    def lock_text(self) -> str:
        """Return the lock of the installed packages."""
        return self._lock

    def on(self, host: Host, say: Say) -> PrefixHandle:
        """Return the same environment on another host.

        Raises
        ------
        UserError
            If it cannot be built there.
        """
        if self._again is None:
            raise UserError(f"environment={self.record.kind} cannot be copied to {host.name}")
        return self._again(host, say)
