"""A studio that is killed, a workspace that goes, and pages that were open meanwhile."""

import contextlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.studio.workspaces import run_record, studio, write_run, write_runs
from tests.support.waiting import wait_for


@contextlib.contextmanager
def process(root: Path, port: str = "0") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a studio, and yield its process and address."""
    words = ["studio", "--no-browser", "--port", port, "--workspace", str(root)]
    started = subprocess.Popen([sys.executable, "-m", "runner.cli", *words], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    try:
        match = re.search(r"http://\S+", started.stdout.readline())
        assert match
        yield started, match[0]
    finally:
        started.kill()
        started.wait()
        started.stdout.close()


def test_an_open_page_goes_on_when_the_studio_is_back(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    write_runs(root, 1)
    with process(root) as (first, site):
        page = tab(f"{site}/w/1/runs")
        page.locator("#live.on").wait_for()
        first.kill()
        first.wait()
        page.locator("#live:not(.on)").wait_for()
        write_run(root, run_record(1))
        with process(root, site.rpartition(":")[2]):
            page.locator("#live.on").wait_for()
            wait_for(lambda: page.locator("tbody tr").count() == 2)
            page.close()
    tab.said[:] = [line for line in tab.said if "ERR_" not in line]  # the browser's own line about a lost connection


def test_a_workspace_that_goes_is_named_and_may_come_back(tmp_path: Path, tab: Any) -> None:
    root = tmp_path / ".vivero"
    write_runs(root, 2)
    with studio("--workspace", str(root)) as site:
        page = tab(f"{site}/w/1/runs")
        root.rename(tmp_path / "aside")
        page.goto(f"{site}/w/1/runs")
        assert f"The workspace {root} is gone" in page.content()
        (tmp_path / "aside").rename(root)
        page.goto(f"{site}/w/1/runs")
        assert page.locator("tbody tr").count() == 2
        shutil.rmtree(root)
        page.goto(f"{site}/w/1/sweeps")
        assert f"The workspace {root} is gone" in page.content()
        page.close()
    tab.said[:] = [line for line in tab.said if "400" not in line]  # the browser's own line about the answer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_though_tabs_are_open(tmp_path: Path, tab: Any, number: signal.Signals) -> None:
    root = tmp_path / ".vivero"
    write_runs(root, 1)
    with process(root) as (started, site):
        page = tab(f"{site}/w/1/runs")
        page.locator("#live.on").wait_for()
        started.send_signal(number)
        wait_for(lambda: started.poll() is not None, seconds=5)
        assert started.returncode in (0, 130, -signal.SIGTERM)
        page.close()
    tab.said[:] = [line for line in tab.said if "ERR_" not in line]
