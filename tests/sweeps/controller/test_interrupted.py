"""Ctrl-C or SIGTERM at each moment at which a sweep writes something down: no trial is forgotten."""

import json
from pathlib import Path

import pytest

from runner.layout import Layout
from runner.statuses import TERMINAL
from runner.sweeps.store import SweepStore
from tests.support.command_line import CommandLine

# Two trials begin, and both end, each of which is a line in the sweep's journal.
INTERRUPTING = """
import os, signal, sys
from runner.sweeps.store import SweepStore

append, left, before = SweepStore.append, int(sys.argv.pop(1)), sys.argv.pop(1) == "before"
number = getattr(signal, sys.argv.pop(1))

def interrupted(self, *line):
    global left
    left -= 1
    if left == 0 and before:
        os.kill(os.getpid(), number)
    append(self, *line)
    if left == 0 and not before:
        os.kill(os.getpid(), number)

SweepStore.append = interrupted
from runner.__main__ import main
main()
"""
SCRIPT = "import sys, time\ntime.sleep(600 if sys.argv[-1] == '600' else 0)\n"


@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("number", "sleeps"), [(1, "600,600"), (2, "600,600"), (2, "0,600"), (3, "0,600"), (4, "0,0,0")]
)
def test_no_trial_is_forgotten(
    number: int, sleeps: str, when: str, signal_name: str, command_line: CommandLine
) -> None:
    command_line.script(SCRIPT)
    (command_line.folder / "interrupting.py").write_text(INTERRUPTING)
    words = ["job.source=src", "job.script=train.py", f"+job.arguments.n={sleeps}", "compute.slots=2"]
    done = command_line.finish(command_line.start("interrupting", str(number), when, signal_name, "-m", *words))
    assert done.returncode == 130, done.stdout + done.stderr
    store = SweepStore(Layout(command_line.workspace))
    (name,) = store.ids()
    sweep = store.read(name)  # the record itself, without what the journal adds
    assert sweep.state == "canceled"
    assert [trial.number for trial in sweep.trials] == list(range(len(sweep.trials)))
    assert {trial.status for trial in sweep.trials} <= set(TERMINAL)
    runs = list(Layout(command_line.workspace).runs.glob("*/*/run.json"))
    assert len(runs) == len(sweep.trials)
    assert {json.loads(Path(path).read_bytes())["status"] for path in runs} <= set(TERMINAL)
