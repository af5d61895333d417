"""A Python prefix as an environment that commands run in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from runner.records import EnvironmentRecord


class PrefixHandle:
    """An environment whose programs are in one ``bin`` folder."""

    attended = False

    def __init__(self, record: EnvironmentRecord, python: Path, lock_text: str) -> None:
        self.record, self._python, self._lock = record, python, lock_text

    def argv(self, argv: Sequence[str]) -> list[str]:
        """Return the command with its program taken from the environment if it has it."""
        program, *rest = argv
        if program in ("python", "python3"):
            return [str(self._python), *rest]
        own = self._python.parent / program
        return [str(own) if "/" not in program and own.exists() else program, *rest]

    def inside(self, argv: Sequence[str]) -> list[str]:
        """Return the same: who runs on this machine is inside."""
        return self.argv(argv)

    def variables(self) -> dict[str, str]:
        """Return what makes it the active environment."""
        path = f"{self._python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        if not (self._python.parent.parent / "pyvenv.cfg").exists():
            return {"PATH": path}
        return {"PATH": path, "VIRTUAL_ENV": str(self._python.parent.parent)}

    def lock_text(self) -> str:
        """Return what is installed."""
        return self._lock
