"""A studio on another machine, over a real sshd."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.support.studio.workspaces import studio, write_runs
from tests.support.waiting import wait_for


def vivero(folder: Path) -> str:
    """Return a program that is vivero there: sshd passes on none of the variables that tests set."""
    path = folder / "vivero"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m runner.cli "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_a_workspace_there_is_shown_here(ssh_host: str, tmp_path: Path) -> None:
    (run,) = write_runs(tmp_path / "there" / ".vivero", 1)
    words = ["--host", ssh_host, "--there", vivero(tmp_path), "--workspace", str(tmp_path / "there" / ".vivero")]
    with studio(*words) as address, urllib.request.urlopen(f"{address}/w/1/runs") as answer:
        assert run in answer.read().decode()
        servers = [
            process for process in psutil.process_iter(["cmdline"]) if "--until-eof" in (process.info["cmdline"] or [])
        ]
        mine = [server for server in servers if str(tmp_path) in " ".join(server.info["cmdline"])]
        assert mine
    wait_for(lambda: not any(server.is_running() for server in mine))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--there", "/no/vivero"], "lab1 has no program /no/vivero. Install it there, or give its path"),
        (["--workspace", "/nowhere"], "lab1: No workspace at /nowhere"),
        (["--listen", "0.0.0.0"], "--host and --listen cannot be combined"),
    ],
)
def test_a_mistake_gets_one_line(ssh_host: str, tmp_path: Path, words: list[str], message: str) -> None:
    command = [sys.executable, "-m", "runner.cli", "studio", "--no-browser", "--port", "0", "--host", ssh_host]
    done = subprocess.run([*command, "--there", vivero(tmp_path), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}") and done.stderr.count("\n") == 1, done.stderr
