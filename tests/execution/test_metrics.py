"""What a run's metrics are is one rule: while it runs, after it, in lists and for a sweep."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.execution.metrics import KINDS, as_number, last_values, numbers_of
from runner.layout import WORKER
from runner.worker.observe.metrics import encode
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

VALUES = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5))
LINES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("ab"), VALUES, st.sampled_from(["scalar", None])),
        st.tuples(st.sampled_from("ab"), VALUES, st.just("list")),
        st.tuples(st.sampled_from("ab"), st.dictionaries(st.just("x"), VALUES), st.sampled_from(["row", "table"])),
    ),
    max_size=12,
)


@given(LINES)
def test_the_last_value_is_the_last_that_was_logged(logged: list[tuple[str, Any, str | None]]) -> None:
    lines = [{"name": name, "value": encode(value), "kind": kind} for name, value, kind in logged]
    expected = {}
    for name in "ab":
        mine = [(value, kind) for logged_name, value, kind in logged if logged_name == name]
        if mine and mine[-1][1] in ("scalar", None):
            expected[name] = encode(mine[-1][0])
    assert last_values(lines) == expected


@given(VALUES)
def test_a_number_is_a_number_wherever_it_comes_from(value: Any) -> None:
    number = as_number(encode(value))
    if isinstance(value, bool) or (isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity")):
        assert number is None
    elif isinstance(value, str) or not math.isfinite(value):
        assert number is not None and math.isnan(number)
    else:
        assert number == float(value)
    series = numbers_of({"value": encode(value), "kind": "list"})
    assert len(series) == (number is not None)


def test_each_kind_that_the_worker_writes_has_a_row() -> None:
    sources = [path.read_text() for name in ("observe", "shims/azureml") for path in (WORKER / name).rglob("*.py")]
    written = {kind for text in sources for kind in re.findall(r'(?:\bkind=|_record\(.*, )"(\w+)"\)', text)}
    assert written and written <= set(KINDS)


def test_a_picture_is_shown_as_its_path() -> None:
    assert KINDS["image"].show({"image": "curves/roc.png"}) == "curves/roc.png"
    assert KINDS["image"].show("damaged") == "damaged"


SCRIPT = """
import sys, time
from azureml.core import Run
run = Run.get_context()
run.log("loss", 0.5); run.log("loss", float("nan"))
run.log("verdict", "good"); run.log("done", True); run.log("far", float("inf"))
run.log_list("curve", [0.3, 0.2])
run.log_row("row", x=1)
run.log("once a list", 1.0); run.log_list("once a list", [1, 2])
print("logged", flush=True)
time.sleep(float(sys.argv[1]))
"""
EXPECTED = {"loss": "NaN", "verdict": "good", "done": True, "far": "Infinity"}


def test_a_run_shows_the_same_while_it_runs_and_after(command_line: CommandLine) -> None:
    command_line.script(SCRIPT)
    words = ["job.source=src", "job.script=train.py", "job.arguments=[600]"]
    process = command_line.start("runner", *words)
    wait_for(lambda: any(path.read_text() for path in command_line.workspace.glob("runs/*/*/logs/run.log")), 60)
    running = json.loads(command_line.vivero("show", "latest", "--json").stdout)
    assert running["status"] == "running" and running["metrics"] == EXPECTED
    assert command_line.vivero("cancel", "latest").returncode == 0
    said = process.communicate(timeout=60)[0].decode()
    after = json.loads(command_line.vivero("show", "latest", "--json").stdout)
    assert after["status"] == "canceled" and after["metrics"] == EXPECTED
    listed = json.loads(command_line.vivero("runs", "--json").stdout)
    assert listed[0]["metrics"] == EXPECTED
    assert "loss=NaN" in said and "verdict=good" in said and "done=true" in said and "curve" not in said


@pytest.mark.parametrize(("logged", "best"), [("run.log_list('score', [9, {0}])", 2), ("run.log('score', {0})", 2)])
def test_an_objective_is_the_last_number(logged: str, best: int, command_line: CommandLine) -> None:
    """One that is NaN at the end is not the best by what it was before."""
    code = "import sys\nfrom azureml.core import Run\nrun = Run.get_context()\nn = int(sys.argv[1])\n"
    code += "run.log('score', 100)\n" if "log_list" not in logged else ""
    command_line.script(code + logged.format("[1, float('nan'), 3][n]") + "\n")
    words = ["job.source=src", "job.script=train.py", "job.arguments=[0],[1],[2]", "sweep.objective=score"]
    done = command_line.run("-m", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = command_line.workspace.glob("sweeps/*/sweep.json")
    sweep = json.loads(folder.read_bytes())
    assert sweep["best"] == [best]


@pytest.mark.parametrize("value", ["n > 1", "str(n)", "float('nan')"])
def test_an_objective_that_is_no_number_is_said(value: str, command_line: CommandLine) -> None:
    command_line.script(
        f"import sys\nfrom azureml.core import Run\nn = int(sys.argv[1])\nRun.get_context().log('f', {value})\n"
    )
    done = command_line.run(
        "-m", "job.source=src", "job.script=train.py", "job.arguments=[1],[1]", "sweep.objective=maximize f"
    )  # fmt: skip
    assert "f is not a finite number in any trial, such as " in done.stdout and done.returncode == 2, done.stdout
