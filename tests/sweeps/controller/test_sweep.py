"""Sweeps as a user types them: real runs, real failures, real kills."""

import json
import os
import shlex
import signal
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.execution.control import cancel_reason
from runner.layout import Layout
from runner.sweeps.controller.trial import Reports, Trial
from runner.sweeps.records import TrialRecord
from runner.sweeps.store import SweepStore
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

SCRIPT = """
import argparse, os, sys, time
from azureml.core import Run
run = Run.get_context()
parser = argparse.ArgumentParser()
for name, kind in (("a", float), ("b", float), ("sleep", float), ("fail", str)):
    parser.add_argument("--" + name, type=kind, default=None)
given = parser.parse_args()
run.log("score", given.a)
if given.b is not None:
    run.log("cost", given.b)
os.makedirs("outputs", exist_ok=True)
open("outputs/a.txt", "w").write(str(given.a))
if given.sleep:
    for step in range(int(given.sleep * 20)):
        time.sleep(0.05)
        run.log("score", given.a)
if given.fail == "kill" and given.a == 2:
    os.kill(os.getpid(), 9)
if given.fail == "environment" and given.a == 2:
    os.kill(os.getppid(), 9)
    time.sleep(60)
if given.fail and given.fail.isdigit() and float(given.fail) == given.a:
    raise ValueError("a is {}".format(given.a))
print("limits", os.environ["OMP_NUM_THREADS"], os.environ["LOKY_MAX_CPU_COUNT"])
"""


class Typed:
    """Types sweeps of a script."""

    def __init__(self, line: CommandLine) -> None:
        self.line, self.store = line, SweepStore(Layout(line.workspace))

    def __call__(self, *words: str, **options: Any) -> Any:
        return self.line.job("-m", ARGUMENTS, "sweep.objective=score", "compute.slots=2", *words, **options)


@pytest.fixture
def typed(command_line: CommandLine) -> Typed:
    command_line.script(SCRIPT)
    return Typed(command_line)


ARGUMENTS = "job.arguments={a: 0, b: null, sleep: null, fail: null}"


def the_sweep(typed: Typed) -> Any:
    store = typed.store
    (sweep_id,) = store.ids()
    return store.replay(store.read(sweep_id))


def test_a_grid_is_carried_out_and_the_best_is_found(typed: Typed) -> None:
    done = typed("job.arguments.a=1,3,2", "job.arguments.b=0.5,1")
    assert done.returncode == 0, done.stdout + done.stderr
    sweep = the_sweep(typed)
    assert (sweep.state, sweep.search, len(sweep.trials), sweep.slots, sweep.total) == ("completed", "grid", 6, 2, 6)
    assert [trial.overrides for trial in sweep.trials[:2]] == [
        ("job.arguments.a=1", "job.arguments.b=0.5"), ("job.arguments.a=1", "job.arguments.b=1")
    ]  # fmt: skip
    assert sweep.trials[sweep.best[0]].metrics["score"] == 3.0
    runs = json.loads(typed.line.vivero("runs", "--json").stdout)
    assert {run["id"] for run in runs} == {trial.run for trial in sweep.trials} and len(runs) == 6
    record = json.loads(typed.line.vivero("show", sweep.trials[0].run, "--json").stdout)
    assert record["properties"] == {"sweep": sweep.id, "trial": "0"}
    assert record["overrides"][-2:] == ["job.arguments.a=1", "job.arguments.b=0.5"]
    best = json.loads(typed.line.vivero("best", "latest", "--json").stdout)
    assert "job.arguments.a=3" in json.dumps(best)
    assert Layout(typed.line.workspace).sweep(sweep.id).page.stat().st_size > 1000
    assert sorted(path.name for path in typed.line.folder.iterdir()) == [".vivero", "src"]


def test_cores_are_shared(typed: Typed) -> None:
    cores = len(os.sched_getaffinity(0))
    typed("job.arguments.a=1,2")
    logs = [typed.line.vivero("logs", trial.run).stdout for trial in the_sweep(typed).trials]
    share = max(1, cores // 2)
    assert all(f"limits {share} {share}" in log for log in logs), logs


def test_the_users_own_limits_stay(typed: Typed) -> None:
    typed("job.arguments.a=1,2", "job.environment_variables.OMP_NUM_THREADS='7'", variables={"LOKY_MAX_CPU_COUNT": "5"})
    logs = [typed.line.vivero("logs", trial.run).stdout for trial in the_sweep(typed).trials]
    assert all("limits 7 5" in log for log in logs), logs


def test_one_that_fails_is_recorded_and_the_others_go_on(typed: Typed) -> None:
    done = typed("job.arguments.a=1,2,3", "job.arguments.fail='2'")
    assert done.returncode == 2
    sweep = the_sweep(typed)
    assert [trial.status for trial in sweep.trials] == ["completed", "failed", "completed"]
    assert sweep.state == "failed" and "ValueError: a is 2.0" in sweep.trials[1].reason
    assert "ValueError: a is 2.0" in done.stdout and sweep.best == (2,)


@pytest.mark.parametrize(("how", "reason"), [("kill", "killed by SIGKILL"), ("environment", "the worker ended")])
def test_one_that_is_killed_is_recorded_and_the_others_go_on(how: str, reason: str, typed: Typed) -> None:
    done = typed("job.arguments.a=1,2,3", f"job.arguments.fail={how}")
    assert done.returncode == 2
    sweep = the_sweep(typed)
    assert [trial.status for trial in sweep.trials] == ["completed", "failed", "completed"]
    assert reason in sweep.trials[1].reason


def test_an_environment_is_built_once_and_said(typed: Typed) -> None:
    done = typed("environment=sklearn-1.5", "environment.packages=[joblib]", "job.arguments.a=1,2,3")
    assert done.returncode == 0, done.stdout + done.stderr
    runs = [json.loads(typed.line.vivero("show", trial.run, "--json").stdout) for trial in the_sweep(typed).trials]
    assert len({run["prepare"]["environment"]["key"] for run in runs}) == 1
    assert len({run["prepare"]["snapshot"]["hash"] for run in runs}) == 1


def test_environments_are_swept(typed: Typed) -> None:
    done = typed("environment=current,sklearn-1.5", "job.arguments.a=1")
    assert done.returncode == 0, done.stdout + done.stderr
    sweep = the_sweep(typed)
    assert [trial.parameters["environment"] for trial in sweep.trials] == ["current", "sklearn-1.5"]
    runs = [json.loads(typed.line.vivero("show", trial.run, "--json").stdout) for trial in sweep.trials]
    assert [run["prepare"]["environment"]["kind"] for run in runs] == ["current", "venv"]


def test_a_mistake_in_a_long_list_ends_the_sweep_and_says_so(typed: Typed) -> None:
    values = ",".join(["1"] * 210 + ["soon"])
    done = typed(f"job.timeout={values}", "job.arguments.a=1", "sweep.max_concurrent=2")
    assert done.returncode == 2
    sweep = the_sweep(typed)
    assert sweep.state == "failed" and "trial 210" in sweep.error and len(sweep.trials) == 210


def test_a_bayesian_search_learns_and_is_taken_up_again(typed: Typed) -> None:
    words = ("sweep.sweeper=bayesian", "job.arguments.a=interval(0.0,9.0)", "sweep.max_trials=8")
    assert typed(*words).returncode == 0
    first = the_sweep(typed)
    assert len(first.trials) == 8 and all(0 <= trial.parameters["job.arguments.a"] <= 9 for trial in first.trials)
    done = typed(f"sweep.resume={first.id}", "sweep.max_trials=10")
    assert done.returncode == 0, done.stdout + done.stderr
    again = the_sweep(typed)
    assert len(again.trials) == 10 and again.trials[:8] == first.trials


def test_an_objective_that_no_trial_logs_is_said(typed: Typed) -> None:
    done = typed("sweep.objective=maximize scroe", "job.arguments.a=1,2")
    assert done.returncode == 2
    assert "sweep.objective: no trial logged scroe. Did you mean 'score'?" in done.stdout
    assert the_sweep(typed).state == "failed" and {trial.status for trial in the_sweep(typed).trials} == {"completed"}


def test_too_many_failures_end_it(typed: Typed) -> None:
    done = typed("job.arguments.a=" + ",".join(["1"] * 12), "job.arguments.fail='1'", "sweep.max_failures=2")
    assert done.returncode == 2
    sweep = the_sweep(typed)
    assert sweep.state == "failed" and "max_failures=2" in sweep.error
    assert len(sweep.trials) <= 4


def test_one_that_has_not_begun_is_asked_to_end(tmp_path: Path) -> None:
    run = Layout(tmp_path).run("mine", "mine-1")
    context: Any = SimpleNamespace(run=run, job=None)
    trial = Trial(
        TrialRecord(number=0, run="mine-1", parameters={}, overrides=()), context, Future(), Reports(run, "score")
    )
    trial.end("the reason")
    assert cancel_reason(run) == "the reason"


def test_a_trial_that_takes_too_long(typed: Typed) -> None:
    done = typed("job.arguments.a=1,2", "job.arguments.sleep=60", "sweep.trial_timeout=1")
    assert done.returncode == 2
    assert all("timeout after 1 s" in trial.reason for trial in the_sweep(typed).trials)


def test_a_sweep_that_takes_too_long(typed: Typed) -> None:
    done = typed("job.arguments.a=1,2,3,4,5,6", "job.arguments.sleep=60", "sweep.timeout=2")
    assert done.returncode == 130
    sweep = the_sweep(typed)
    assert sweep.state == "canceled" and "sweep.timeout" in sweep.error and len(sweep.trials) == 2
    assert {trial.status for trial in sweep.trials} == {"canceled"}


def test_a_policy_stops_what_is_not_worth_it(typed: Typed) -> None:
    done = typed(
        "job.arguments.a=10,1", "job.arguments.sleep=4", "sweep.early_termination={policy: bandit, slack_factor: 0.5}"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = the_sweep(typed).trials
    assert first.status == "completed"
    assert (second.status, second.reason) == ("canceled", "early termination")
    shown = json.loads(typed.line.vivero("show", second.run, "--json").stdout)
    assert (shown["status"], shown["error"]) == ("canceled", "early termination")
    assert shown["finalize"]["outputs"]


@pytest.mark.parametrize("how", [signal.SIGINT, "cancel"])
def test_canceled(how: Any, typed: Typed) -> None:
    process = typed.line.start(
        "runner", "-m", "job.source=src", "job.script=train.py", ARGUMENTS,
        "job.arguments.a=1,2,3", "job.arguments.sleep=60", "compute.slots=2",
    )  # fmt: skip
    wait_for(lambda: typed.store.ids() and sum(trial.status == "running" for trial in the_sweep(typed).trials) == 2, 30)
    wait_for(
        lambda: all(
            list(Layout(typed.line.workspace).runs.glob(f"*/{trial.run}/process.json"))
            for trial in the_sweep(typed).trials
        ),
        30,
    )
    if how == "cancel":
        assert typed.line.vivero("cancel", the_sweep(typed).id).returncode == 0
    else:
        process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out.decode() + err.decode()
    sweep = the_sweep(typed)
    assert sweep.state == "canceled" and {trial.status for trial in sweep.trials} == {"canceled"}


def test_a_second_ctrl_c_while_trials_are_told_of_the_first_forgets_none(typed: Typed) -> None:
    """Each trial that is told leaves a file: the second comes as soon as there is one of six."""
    process = typed.line.start(
        "runner", "-m", "job.source=src", "job.script=train.py", ARGUMENTS,
        "job.arguments.a=1,2,3,4,5,6", "job.arguments.sleep=600", "compute.slots=6",
    )  # fmt: skip
    runs = Layout(typed.line.workspace).runs
    wait_for(lambda: len(list(runs.glob("*/*/process.json"))) == 6, 60)
    process.send_signal(signal.SIGINT)
    wait_for(lambda: list(runs.glob("*/*/cancel.json")), 30, pause=0)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130 and {trial.status for trial in the_sweep(typed).trials} == {"canceled"}


def test_killed_and_resumed(typed: Typed) -> None:
    group_file = typed.line.folder / "mine" / "compute" / "pair.yaml"
    group_file.parent.mkdir(parents=True)
    group_file.write_text("defaults:\n  - /schema/compute/local@_here_\n  - _self_\nslots: 2\n")
    words = (
        *("--config-dir", "mine", "compute=pair", "job.source=src", "job.script=train.py", ARGUMENTS),
        "sweep.objective=score",
    )
    swept = ("job.arguments.a=1,2,3,4,5", "job.arguments.sleep=0.7", "job.arguments.fail='1'")
    process = typed.line.start("runner", "-m", *words, *swept)
    wait_for(lambda: typed.store.ids() and len(the_sweep(typed).trials) >= 4, 60)
    process.kill()
    process.wait()
    before = the_sweep(typed)
    assert before.state == "running"
    other = typed.line.run("-m", *words, f"sweep.resume={before.id}", "job.arguments.fail=null")
    assert other.returncode == 1 and "job.arguments.fail=null was not part of sweep" in other.stderr
    line = json.loads(typed.line.vivero("sweep", "latest", "--json").stdout)["resume"]
    assert line.startswith("python -m runner ")
    second = typed.line.run(*shlex.split(line)[3:])
    assert second.returncode == 2, second.stdout + second.stderr  # what was typed then still makes the first one fail
    after = the_sweep(typed)
    assert [trial.number for trial in after.trials] == [0, 1, 2, 3, 4]
    assert {trial.status for trial in after.trials[1:]} == {"completed"}
    kept = {trial.number: trial.run for trial in before.trials if trial.status == "completed"}
    assert kept and all(after.trials[number].run == run for number, run in kept.items())
    assert after.trials[0].attempt == 2 and after.trials[0].run != before.trials[0].run
    runs = json.loads(typed.line.vivero("runs", "--json").stdout)
    assert all(run["status"] in ("completed", "failed") for run in runs)


def test_what_a_killed_one_had_made_ready_is_removed_by_the_next(typed: Typed) -> None:
    runs = Layout(typed.line.workspace).runs
    process = typed.line.start(
        "runner", "-m", "job.source=src", "job.script=train.py", ARGUMENTS, "job.arguments.a=1,2"
    )
    wait_for(lambda: list(runs.glob("*/.ahead-*/order.json")), 60)
    process.kill()
    process.wait()
    assert list(runs.glob("*/.ahead-*"))
    assert typed("job.arguments.a=1,2").returncode == 0
    assert not list(runs.glob("*/.ahead-*"))


def test_two_resumes_at_once(typed: Typed) -> None:
    process = typed.line.start(
        "runner", "-m", "job.source=src", "job.script=train.py", ARGUMENTS,
        "job.arguments.a=1,2", "job.arguments.sleep=60",
    )  # fmt: skip
    wait_for(lambda: typed.store.ids() and the_sweep(typed).trials, 30)
    refused = typed(f"sweep.resume={the_sweep(typed).id}")
    assert refused.returncode == 1 and f"being run by process {process.pid}" in refused.stderr
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)


MISTAKES = {
    "job.arguments.a=1,2 job.scrpt=x": "Did you mean 'job.script'?",
    "job.timeout=1,soon job.arguments.a=1": "job.timeout",
    "environment=current,nothing job.arguments.a=1": "Unknown environment 'nothing'",
    "job.arguments.a=1,2 hydra/launcher=basic": "hydra/launcher=basic cannot be used with this sweeper",
    "job.arguments.a=1,2 hydra/sweeper=gird": "gird",
    "sweep.resume=nothing": "no sweep",
    "job.arguments.a=1,2 sweep.early_termination={policy: bandit}": "slack_factor",
    "job.arguments.a=1,2 sweep.objective={metric: score, goal: most}": "most",
    "job.arguments.a=1,2 sweep.max_trails=3": "max_trials",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_one_line_and_nothing_has_begun(words: str, typed: Typed) -> None:
    parts = words.split(" ") if "{" not in words else [words[: words.index(" ")], words[words.index(" ") + 1 :]]
    done = typed(*parts)
    assert done.returncode == 1, done.stdout + done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1 and MISTAKES[words] in said[0], done.stderr
    assert not typed.store.ids() and not list(Layout(typed.line.workspace).runs.glob("*/*"))


@pytest.mark.parametrize(
    "words",
    [
        ["job.arguments.a=1,2"],
        ["job.arguments.a=range(0,300)"],
        ["job.arguments.a=1,2", "sweep.max_concurrent=1"],
        ["sweep.sweeper=random", "job.arguments.a=interval(0.0,9.0)", "sweep.max_trials=3"],
    ],
    ids=["a list", "a long list", "a limit", "a search"],
)
def test_a_compute_that_cannot_be_had_is_said_before_a_sweep_begins(words: Any, typed: Typed) -> None:
    typed.line.script(SCRIPT)
    done = typed.line.job("-m", ARGUMENTS, "compute=ssh", "compute.hosts=[{host: 127.0.0.1, port: 1}]", *words)
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr and done.stderr.count("error: ") == 1, done.stderr
    assert not typed.store.ids() and not list(Layout(typed.line.workspace).runs.glob("*/*"))


def test_hydras_own_sweeper_finds_the_launcher(typed: Typed) -> None:
    done = typed("hydra/sweeper=basic", "job.arguments.a=1,2,3", "job.arguments.fail='2'", "+job.tags.team=ours")
    assert done.returncode == 2, done.stdout + done.stderr
    sweep = the_sweep(typed)
    assert sweep.search == "list" and [trial.status for trial in sweep.trials] == ["completed", "failed", "completed"]
    assert sorted(path.name for path in typed.line.folder.iterdir()) == [".vivero", "src"]
