"""Starts runs and sweeps in processes of their own, as the command line does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner import workspaces
from runner.api.runs.run import Run
from runner.api.workspace import Workspace
from runner.errors import UserError
from runner.execution.announcement import VARIABLE
from runner.layout import Layout

if TYPE_CHECKING:
    from runner.api.sweeps.sweep import Sweep

_ERROR = "error: "
_SHOWN = 2000  # characters of what a process printed before it failed
_controllers: list[subprocess.Popen[bytes]] = []  # those that may be going on


def submit_run(workspace: Workspace, overrides: Sequence[str]) -> Run:
    """Start a run, and return it once its id is known."""
    folder, controller = _start(workspace.trusted().root, overrides)
    run = Run(_workspace_of(folder, workspace), folder.parent.name, folder.name)
    run.controller = controller
    return run


def submit_sweep(workspace: Workspace, overrides: Sequence[str]) -> Sweep:
    """Start a sweep, and return it once its id is known."""
    folder, controller = _start(workspace.trusted().root, ["-m", *overrides])
    sweep = _workspace_of(folder, workspace).sweep(folder.name)
    sweep.controller = controller
    return sweep


def _workspace_of(folder: Path, usual: Workspace) -> Workspace:
    """Return the workspace of a run or sweep that was started. Its configuration may name another than the usual."""
    root = folder.parent.parent if folder.parent.name == str(Layout.sweeps) else folder.parent.parent.parent
    return usual if root == usual.root else Workspace(root)


def _start(root: Path, words: Sequence[str]) -> tuple[Path, subprocess.Popen[bytes]]:
    """Start ``python -m runner`` in a session of its own.

    It goes on if this process ends. Its output is in the run's logs.

    Returns
    -------
    folder : Path
        The folder of the run or sweep that was begun.
    controller : Popen
        The process.

    Raises
    ------
    UserError
        The mistake in the composition, in the line that the command prints.
    """
    _controllers[:] = [controller for controller in _controllers if controller.poll() is None]
    reader, writer = os.pipe()
    with tempfile.TemporaryFile() as stderr, open(reader, errors="surrogateescape") as announced:
        try:
            controller = subprocess.Popen(
                [sys.executable, "-m", "runner", *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, workspaces.VARIABLE: str(root), VARIABLE: str(writer)},
                pass_fds=[writer],
                start_new_session=True,
            )
        finally:
            os.close(writer)
        folder = announced.readline().rstrip("\n")
        if folder:
            _controllers.append(controller)
            return Path(folder), controller
        code = controller.wait()
        stderr.seek(0)
        raise _failure(code, stderr.read().decode(errors="replace"))


def _failure(code: int, printed: str) -> Exception:
    """Return the error for a process that ended without beginning anything."""
    for line in printed.splitlines():
        if line.startswith(_ERROR):
            return UserError(line.removeprefix(_ERROR))
    if code == 0:
        return UserError("These words start no run", "Leave out options that only print something")
    return RuntimeError(f"python -m runner ended with code {code}: {printed[-_SHOWN:].strip()}")
