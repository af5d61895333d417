"""A sweep in containers: its trials are forked in one that is kept warm."""

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from runner.layout import Layout
from runner.sweeps.store import SweepStore
from tests.support.command_line import CommandLine
from tests.support.suite.covered import CONTAINERS
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.usefixtures("swept"), pytest.mark.sampled(5, covers=CONTAINERS)]

SCRIPT = """
import argparse, hashlib, os, sys, time
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--a", type=float)
parser.add_argument("--wait", action="store_true")
given = parser.parse_args()
run = Run.get_context()
run.log("score", given.a)
os.makedirs("outputs", exist_ok=True)
open("outputs/a.bin", "w").write(str(given.a))
container = hashlib.sha256(open("/proc/self/mountinfo", "rb").readline()).hexdigest()
print("container", container, os.getuid(), os.environ["HOME"], sorted(sys.argv[1:]), flush=True)
while given.wait and not os.path.exists(os.environ["VIVERO_RUN_DIR"] + "/../go"):
    time.sleep(0.02)
"""


@pytest.fixture
def sweep(command_line: CommandLine, base_image: Any) -> Any:
    words = (
        *("-m", "job.source=src", "job.script=train.py", "environment=docker", f"environment.image={base_image}"),
        *("compute.slots=2", "sweep.objective=score", "job.arguments={a: 0, wait: false}"),
    )

    class Sweep:
        line = command_line

        def start(self, *more: Any, script: Any = SCRIPT) -> Any:
            command_line.script(script)
            return command_line.start("runner", *words, *more)

        def __call__(self, *more: Any, script: Any = SCRIPT) -> Any:
            process = self.start(*more, script=script)
            out, err = process.communicate(timeout=120)
            return process.returncode, (out + err).decode()

        def logs(self) -> Any:
            runs = Layout(command_line.workspace).runs
            return [path.read_text() for path in runs.glob("*/*-*/logs/run.log") if path.read_text()]

        def trials(self) -> Any:
            store = SweepStore(Layout(command_line.workspace))
            (sweep_id,) = store.ids()
            return store.replay(store.read(sweep_id)).trials

    return Sweep()


def test_trials_share_a_container(sweep: Any, swept: Any) -> None:
    code, said = sweep("job.arguments.a=1,2,3,4,5,6")
    assert code == 0, said
    assert {trial.status for trial in sweep.trials()} == {"completed"} and len(sweep.trials()) == 6
    assert len(sweep.logs()) == 6 and len({log.split()[1] for log in sweep.logs()}) == 1
    wait_for(lambda: not swept())


def test_what_they_find_is_what_a_fresh_container_has(sweep: Any) -> None:
    code, said = sweep("job.arguments.a=1,2")
    assert code == 0, said
    warm = sorted(log.split(maxsplit=2)[2] for log in sweep.logs())
    code, said = sweep("job.arguments.a=1,2", "compute.warm=false")
    assert code == 0, said
    everything = sorted(log.split(maxsplit=2)[2] for log in sweep.logs())
    assert len(everything) == 4 and sorted(set(everything)) == sorted(set(warm))
    assert len({log.split()[1] for log in sweep.logs()}) == 3


def test_one_that_fails_is_said_and_the_others_go_on(sweep: Any) -> None:
    code, said = sweep("job.arguments.a=1,2,3", script=SCRIPT + "\nif given.a == 2: raise ValueError('a is two')\n")
    assert code == 2 and "ValueError: a is two" in said
    assert sorted(trial.status for trial in sweep.trials()) == ["completed", "completed", "failed"]


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c(sweep: Any, swept: Any, times: int) -> None:
    process = sweep.start("job.arguments.a=1,2,3", "job.arguments.wait=true")
    wait_for(lambda: len(sweep.logs()) == 2, 60)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        wait_for(lambda: list(Layout(sweep.line.workspace).runs.glob("*/*/cancel.json")))
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert {trial.status for trial in sweep.trials()} == {"canceled"}
    wait_for(lambda: not swept())


def test_trials_outlive_the_controller(sweep: Any, swept: Any) -> None:
    process = sweep.start("job.arguments.a=1,2,3", "job.arguments.wait=true")
    wait_for(lambda: len(sweep.logs()) == 2, 60)
    process.kill()
    process.communicate()
    (experiment,) = {path.parent.parent for path in Layout(sweep.line.workspace).runs.glob("*/*-*/logs")}
    (experiment / "go").write_text("")
    wait_for(lambda: len(list(experiment.glob("*-*/result.json"))) == 2, 30)
    wait_for(lambda: not swept(), 20)
    assert sweep.line.vivero("recover").returncode == 0
    runs = json.loads(sweep.line.vivero("runs", "--json").stdout)
    assert [run["status"] for run in runs] == ["completed", "completed"]


def test_a_trial_registers_a_model(sweep: Any) -> None:
    register = (
        "print('version', run.register_model('mine', model_path='outputs/a.bin', model_framework='Custom').version)\n"
    )
    code, said = sweep("job.arguments.a=1,2", script=SCRIPT + register)
    assert code == 0, said
    assert sorted(log.split()[-1] for log in sweep.logs()) == ["1", "2"]


def test_a_trial_reaches_the_runs_of_its_experiment_and_no_others(sweep: Any) -> None:
    sweep.line.script("print('another')", folder="other")
    assert sweep.line.run("job.source=other", "job.script=train.py").returncode == 0
    look = (
        "\nimport pathlib\nexperiment = pathlib.Path(os.environ['VIVERO_RUN_DIR']).parent\n"
        "workspace = experiment.parents[1]\n"
        "places = (workspace, workspace / 'runs', workspace / 'environments')\n"
        "print('seen', *(sorted({*os.listdir(one)} - {'x'}) for one in places))\n"
        "for place in (workspace, experiment.parent, workspace / 'environments'):\n"
        "    try: (place / 'x').write_text('x')\n    except OSError: pass\n"
    )
    code, said = sweep("job.arguments.a=1,2", script=SCRIPT + look)
    assert code == 0, said
    for log in sweep.logs():
        if "another" not in log:
            assert "seen ['blobs', 'data', 'environments', 'runs'] ['src'] ['warm']" in log, log
    assert not list(sweep.line.workspace.rglob("x"))


def test_a_trial_cannot_have_another_process_ended(sweep: Any) -> None:
    """What a script says its worker's number is, is believed of a process that has the worker's lock open only."""
    victim = subprocess.Popen(["sleep", "120"])
    lie = (
        "import json\nopen(os.environ['VIVERO_RUN_DIR'] + '/process.json', 'w').write(json.dumps({'pid': %d}))\n"
        "print('lied', flush=True)\ntime.sleep(60)\n"
    )
    try:
        process = sweep.start("job.arguments.a=1,2", script=SCRIPT + lie % victim.pid)
        wait_for(lambda: len([log for log in sweep.logs() if "lied" in log]) == 2, 60)
        sweep.line.vivero("cancel", sweep.trials()[0].run)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


def test_a_warm_container_whose_attendant_is_killed(sweep: Any, swept: Any) -> None:
    process = sweep.start("job.arguments.a=1,2", "job.arguments.wait=true")
    wait_for(lambda: len(sweep.logs()) == 2, 60)
    attendants = subprocess.run(
        ["pgrep", "-f", f"supervisor.py .*{sweep.line.workspace}"], capture_output=True, text=True
    )
    for pid in attendants.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    (experiment,) = {path.parent.parent for path in Layout(sweep.line.workspace).runs.glob("*/*-*/logs")}
    (experiment / "go").write_text("")
    process.communicate(timeout=60)
    assert process.returncode == 0 and {trial.status for trial in sweep.trials()} == {"completed"}
    wait_for(lambda: all(container.status == "exited" for container in swept()), 20)


def test_a_trial_that_runs_out_of_memory_takes_no_other_with_it(sweep: Any) -> None:
    """The limit is that of the container, for all trials together; the kernel takes the one that has most."""
    script = "import sys\nheld = bytearray(int(sys.argv[sys.argv.index('--a') + 1]) << 20)\nprint(len(held))\n"
    words = ("job.arguments.a=10,400,20,30", "environment.resources.memory=200m", "job.arguments={a: 0}")
    code, said = sweep(*words, "sweep.objective=null", script=script)
    assert code == 2, said
    assert [trial.status for trial in sweep.trials()] == ["completed", "failed", "completed", "completed"], said
    assert "killed by SIGKILL: out of memory" in said


def test_a_worker_that_is_killed_takes_no_other_trial_with_it(sweep: Any, swept: Any) -> None:
    """A worker inside the container gets SIGKILL from this machine: its trial has failed, the others go on."""
    process = sweep.start("job.arguments.a=1,2", "job.arguments.wait=true")
    wait_for(lambda: len(sweep.logs()) == 2, 60)
    (warm,) = swept()
    above = {int(pid): int(parent) for pid, parent in warm.top(ps_args="-eo pid,ppid")["Processes"]}
    (first,) = [pid for pid in above if above[pid] not in above]  # then the interpreter, the workers, the scripts
    workers = [pid for pid in above if above.get(above[pid]) == first]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    (runs,) = Layout(sweep.line.workspace).runs.iterdir()
    (runs / "go").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2, (out + err).decode()
    assert sorted(trial.status for trial in sweep.trials()) == ["completed", "failed"]
    wait_for(lambda: not swept())
