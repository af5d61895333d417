"""What the system refuses is said in one line: a full disk, a file too large, no writing at all, nobody who reads."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.components import missing
from tests.support.history import History

JOB = ["runner", "job.source=src", "job.script=train.py"]
READING = [["runs"], ["runs", "--json"], ["show", "latest"], ["models"], ["sweeps"], ["--help"]]


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of a command that the system has refused something."""
    assert done.returncode == 1 and done.stderr.count("\n") == 1, f"{done.returncode}\n{done.stderr}"
    return done.stderr


def _limited() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256, 256))


# Python keeps what it could write of a compiled module, and cannot read it afterwards.
UNCOMPILED = {"PYTHONDONTWRITEBYTECODE": "1"}


def test_a_file_that_may_not_become_so_large(command_line: CommandLine) -> None:
    command_line.script("print(1)\n")
    assert command_line.job().returncode == 0
    done = command_line.finish(command_line.start(*JOB, preexec_fn=_limited, variables=UNCOMPILED))
    assert "File too large" in _said(done)
    listed = command_line.finish(
        command_line.start("runner.cli", "runs", "--json", preexec_fn=_limited, variables=UNCOMPILED)
    )
    assert listed.returncode == 0, listed.stderr


@pytest.fixture
def read_only(history: History) -> Iterator[History]:
    """A workspace of a run, on a file system that nobody can write."""
    history.run()
    folder = str(history.layout.root)
    steps = (["mount", "--bind", folder, folder], ["mount", "-o", "remount,ro,bind", folder])
    for step in steps:
        if subprocess.run(step, capture_output=True).returncode != 0:
            missing("nothing can be mounted: needs root")
    yield history
    subprocess.run(["umount", folder], check=True)


def test_a_read_only_workspace_is_read_and_not_written(read_only: History) -> None:
    line = read_only.command_line
    line.script("print(1)\n")
    for words in READING:
        assert line.vivero(*words).returncode == 0
    for done in (line.job(), line.job("-m", "+job.arguments.x=1,2"), line.vivero("delete", "latest", "--yes")):
        assert "Read-only file system" in _said(done)


@pytest.mark.parametrize("words", [*READING, ["logs", "latest"]], ids=" ".join)
def test_nowhere_to_print_to(words: list[str], history: History) -> None:
    folder = history.folder_of(history.run())
    folder.log.write_text("said\n")
    command = history.command_line
    for closed in (1, 2, 0):
        done = command.finish(command.start("runner.cli", *words, preexec_fn=lambda number=closed: os.close(number)))
        assert done.returncode == 0 and done.stderr in ("", "No models yet\n", "No sweeps yet\n"), done.stderr
    with open("/dev/full", "wb") as full:
        done = command.finish(command.start("runner.cli", *words, preexec_fn=lambda: os.dup2(full.fileno(), 1)))
    if words not in (["models"], ["sweeps"]):  # which have nothing to print
        assert "Cannot write the output: No space left on device" in _said(done)


@pytest.mark.parametrize("words", [[], ["-m", "+job.arguments.x=1,2"], ["--version"]], ids=" ".join)
def test_a_run_that_nobody_watches(words: list[str], command_line: CommandLine) -> None:
    command_line.script("import os\nprint(os.fstat(1))\n")
    for closed in (1, 2):
        started = command_line.start(*JOB, *words, preexec_fn=lambda number=closed: os.close(number))
        done = command_line.finish(started)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr


@pytest.mark.parametrize("root", ["/etc/passwd", "/etc/passwd/below", "/dev/null", "/proc/none"])
def test_a_workspace_that_cannot_be(root: str, command_line: CommandLine) -> None:
    command_line.script("print(1)\n")
    for words in ([], ["-m", "+job.arguments.x=1,2"]):
        assert root in _said(command_line.job(f"workspace.root={root}", *words))
    for command in ("runs", "models", "sweeps", "endpoints", "environments"):
        assert root in _said(command_line.vivero(command, "--workspace", root))


def test_a_workspace_whose_folders_are_something_else(history: History, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other disk"
    history.run()
    history.model()
    history.layout.models.rename(elsewhere)
    history.layout.models.symlink_to(elsewhere)  # as a user may who needs room
    assert [row["name"] for row in history.json("models")] == ["iris"]
    for name in ("sweeps", "endpoints", "environments"):
        made: Any = getattr(history.layout, name)
        made.write_text("no folder")
        assert history.json(name) == []
