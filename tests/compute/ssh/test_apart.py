"""The nodes of these tests share nothing with this machine or its user, and nothing of them is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command_line import ROOT
from tests.support.nodes.cluster import SshCluster

WAITS = """
import subprocess, sys, threading
from pathlib import Path
from tests.support.nodes.cluster import SshCluster
with SshCluster(Path(sys.argv[1]), 1) as cluster:
    command = [*cluster.user.words(cluster.user.home), "sh", "-c", "exec sleep 600 >/dev/null 2>&1"]
    process = subprocess.Popen(command, env={"PATH": "/usr/bin:/bin"}, start_new_session=True)
    print(process.pid, flush=True)
    threading.Event().wait()
"""


def left_of(folder: Path, pid: int) -> list[str]:
    """Return what this machine has of a cluster: mounts in its folder, processes that name it, one of its user."""
    remaining = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str(folder).encode() in (entry / "cmdline").read_bytes():
                remaining.append(f"process {entry.name}")
    with contextlib.suppress(OSError):
        remaining += [f"process {pid}"] if b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes() else []
    return remaining


def begun(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a process that has a cluster, and return it and one of the cluster's user."""
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def interrupt(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


def test_nothing_is_left_of_a_cluster_whose_tests_are_interrupted(tmp_path: Path) -> None:
    process, pid = begun(tmp_path / "cluster")
    assert left_of(tmp_path, pid)
    interrupt(process)
    assert not left_of(tmp_path, pid)


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    process, pid = begun(tmp_path / "killed")
    process.kill()
    process.communicate(timeout=60)
    interrupt(begun(tmp_path / "next")[0])
    assert not left_of(tmp_path, pid)


def test_a_node_has_nothing_of_this_machine(cluster: SshCluster) -> None:
    first, second = cluster.machines[:2]
    assert first.run("id", "--user", "--name", user=first.user) == "ml\n"
    assert first.run("hostname") != second.run("hostname")
    assert not first.path(ROOT).exists() and not first.path(cluster.folder).exists()
    assert str(os.getpid()) not in first.run("ls", "/proc").split()
    first.path("/tmp/here").touch()
    assert not second.path("/tmp/here").exists()
    first.path("/tmp/here").unlink()


@pytest.mark.parametrize("command", ["ls {nodes}", "cat /etc/shadow", "su -c id", "ls /root/.ssh", "touch {root}/x"])
def test_the_user_is_an_ordinary_one(cluster: SshCluster, command: str) -> None:
    words = command.format(nodes=cluster.folder / "nodes", root=ROOT).split()
    variables = {**cluster.user.variables(), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*cluster.user.words(cluster.user.home), *words], env=variables, stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode != 0, done.stdout
