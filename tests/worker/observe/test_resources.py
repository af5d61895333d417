from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.io.json_records import read_lines
from runner.records import ResourceLine
from runner.worker.observe import resources
from tests.support.run_folders import make

BUSY = """
import os, subprocess, sys, time
taken = bytearray(150 << 20)
spin = "import time, os\\nuntil = time.process_time() + 1\\nwhile time.process_time() < until: pass"
child = subprocess.Popen([sys.executable, "-c", spin])
path = os.path.join(os.environ["VIVERO_RUN_DIR"], "resources.jsonl")
child.wait()
while not os.path.exists(path) or open(path).read().count("\\n") < 3:
    time.sleep(0.05)
"""


def test_processor_and_memory_of_a_script_and_its_children_are_sampled(tmp_path: Path) -> None:
    run = make(tmp_path, BUSY)
    assert run.run()["status"] == "completed"
    lines = list(read_lines(run.root / "resources.jsonl", ResourceLine))
    assert len(lines) >= 3
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)
    assert max(line["processes"] for line in lines) == 2
    assert all(150 << 20 < line["memory"] < 400 << 20 for line in lines)
    assert 0.9 < sum(line["cpu"] for line in lines) < 3 * len(lines)  # the child's second, and what two Pythons need


def test_a_fifo_in_its_place_does_not_stop_the_run(tmp_path: Path) -> None:
    script = "import os, time\nos.mkfifo(os.environ['VIVERO_RUN_DIR'] + '/resources.jsonl')\ntime.sleep(1.5)\n"
    run = make(tmp_path, script)
    assert run.run()["status"] == "completed"


def test_a_long_run_has_few_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("runner.worker.observe.resources.time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr("runner.worker.run.processes.descendants", lambda _spared: [os.getpid()])
    observer = resources.ResourceObserver(str(tmp_path), list)
    for second in range(24 * 3600):
        clock[0] = float(second)
        observer.poll()
    lines: list[Any] = [json.loads(line) for line in (tmp_path / "resources.jsonl").read_text().splitlines()]
    assert 600 < len(lines) < 5000
