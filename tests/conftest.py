"""What all tests share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine
from tests.support.components import missing

pytest_plugins = [
    "tests.plugins.hermetic",
    "tests.plugins.leftovers",
    "tests.plugins.exclusive",
    "tests.plugins.budget",
    "tests.plugins.counting",
    "tests.plugins.grouping",
    "tests.plugins.sampling",
    "tests.fixtures.engine",
    "tests.fixtures.channel",
    "tests.fixtures.registry",
    "tests.fixtures.cluster",
    "tests.fixtures.browser",
    "tests.fixtures.ssh_host",
]


def pytest_xdist_auto_num_workers() -> int:
    """Run three tests at a time on two cores: many of them wait, and each starts processes of its own."""
    return max(2, len(os.sched_getaffinity(0)) * 3 // 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Any]:
    """A disk of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        missing("a small tmpfs cannot be mounted: needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.fixture
def command_line(tmp_path: Path) -> Any:
    folder = tmp_path / "team"
    folder.mkdir()
    return CommandLine(folder)
