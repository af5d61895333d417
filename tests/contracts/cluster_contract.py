"""The contract of clusters, for every kind of link. Inherit the classes and define a `cluster` fixture."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from runner.environments.handle import PrefixHandle
from runner.environments.venv import VenvEnvironment
from runner.io.locks import locked
from runner.layout import Layout, RunLayout
from tests.contracts.compute_contract import ComputeContract
from tests.support.nodes.cluster import AnyCluster
from tests.support.nodes.machine import Machine
from tests.support.nodes.team import COUNTING, ENDLESS, LOST, Team, lines
from tests.support.waiting import wait_for

A_DICT = "import pickle\nwith open('outputs/m.pkl', 'wb') as file:\n    pickle.dump({}, file)\n"


def read_until(process: subprocess.Popen[bytes], words: bytes) -> None:
    """Read a command's output until it contains the words."""
    assert process.stdout is not None
    seen = b""
    while words not in seen:
        assert select.select([process.stdout], [], [], 60)[0], seen
        piece = process.stdout.read1(1 << 16)  # type: ignore[attr-defined]
        assert piece, seen
        seen += piece


class ClusterComputeContract(ComputeContract):
    """The compute contract on a cluster. Define a `compute` fixture."""

    @pytest.fixture(autouse=True)
    def _of_cluster(self, cluster: AnyCluster) -> None:
        self.cluster = cluster

    @pytest.fixture
    def handle(self, compute: Any, tmp_path: Path) -> PrefixHandle:
        return VenvEnvironment(Layout(tmp_path / "workspace")).prepare(compute.host(), print)

    def process_file(self, run: RunLayout) -> Path:
        machine = self._machine(run)
        return machine.root / "runs" / str(json.loads(run.job.read_text())["folder"]) / "process.json"

    def number_here(self, run: RunLayout, pid: int) -> int:
        return self._machine(run).number_here(pid)

    def _machine(self, run: RunLayout) -> Machine:
        wait_for(run.job.exists, 30)
        name = json.loads(run.job.read_text())["node"]
        machine: Machine = next(machine for machine in self.cluster.machines if machine.name == name)
        return machine


class ClusterRunsContract:
    """Runs on a cluster without any failure."""

    def test_a_run_is_as_at_home(self, team: Team) -> None:
        team.script(
            "import json, os, sys, pathlib\n"
            "from azureml.core import Run\n"
            "from helper import answer\n"
            "run = Run.get_context()\n"
            "run.log('accuracy', 0.9)\nrun.tag('colour', 'red')\n"
            "child = run.child_run('inner')\nchild.log('loss', 1.5)\nchild.complete()\n"
            "print(sys.argv[1:], answer, os.environ['COLOUR'], open(sys.argv[2]).read())\n"
            "pathlib.Path('outputs/sub').mkdir()\npathlib.Path('outputs/sub/a.bin').write_bytes(b'1' * 3_000_000)\n"
            "os.symlink('/etc/passwd', 'outputs/link')\npathlib.Path('beside.txt').write_text('kept')\n"
        )
        team.script("answer = 42\n", "helper.py")
        (team.folder / "rows.csv").write_text("1,2")
        words = ["data.inputs={rows: {path: rows.csv}}", "job.arguments=[--rows,'${input:rows}']"]
        done = team.train(*words, "job.environment_variables.COLOUR=blue")
        assert "42 blue 1,2" in done.stdout
        (record,), (run,) = team.records(), team.folders()
        assert record["status"] == "completed" and record["finalize"]["metrics"] == {"accuracy": 0.9}
        assert record["tags"]["colour"] == "red"
        assert record["run"]["host"].split()[0] in [machine.name for machine in team.cluster.machines]
        assert [output["path"] for output in record["finalize"]["outputs"]] == ["sub/a.bin"]
        assert (run.outputs / "sub" / "a.bin").read_bytes() == b"1" * 3_000_000
        assert (run.work / "beside.txt").read_text() == "kept" and not (run.work / "helper.py").exists()
        assert any("outputs/link is a link" in note for note in record["run"]["notes"] + record["finalize"]["notes"])
        assert len(list(run.children.glob("*/child.json"))) == 1

    def test_a_run_sees_its_node_only(self, team: Team) -> None:
        team.script("import getpass, os\nprint(getpass.getuser(), os.path.expanduser('~'), os.uname().nodename)\n")
        done = team.train()
        assert f"ml /home/ml {team.node().host_name}" in done.stdout
        assert not team.node().path(team.folder).exists()

    def test_a_trial_does_not_run_in_what_another_has_changed_there(self, team: Team) -> None:
        team.script(
            "import os, sysconfig\n"
            "info = os.path.join(sysconfig.get_path('purelib'), 'parcel-1.0.dist-info')\n"
            "assert not os.path.exists(info)\nos.mkdir(info)\n"
        )
        team.train("-m", "+job.arguments.n=range(0,4)", "compute.slots=1")
        assert {note[:47] for record in team.records() for note in record["run"]["notes"]} == {
            "the shared environment changed while the script"
        }

    def test_inputs_with_links_and_other_names_are_there(self, team: Team) -> None:
        team.script("import os, sys\nprint(os.path.basename(sys.argv[2]), sorted(os.listdir(sys.argv[2])))\n")
        (team.folder / "real.csv").write_text("1")
        (team.folder / "data").mkdir()
        (team.folder / "data" / "link.csv").symlink_to(team.folder / "real.csv")
        for mode in ("mount", "copy"):
            words = [f"data.inputs={{rows: {{path: data, mode: {mode}, filename: Other}}}}"]
            done = team.train(*words, "job.arguments=[--rows,'${input:rows}']")
            assert "Other ['link.csv']" in done.stdout

    def test_data_assets_are_there_and_outputs_become_assets(self, team: Team) -> None:
        team.script(
            "import os, pathlib, sys\nplace = pathlib.Path(os.environ['VIVERO_OUTPUT_CLEAN'])\n"
            "rows = pathlib.Path(os.environ['VIVERO_INPUT_TRAIN'])\n"
            "print('SAME', sys.argv[1:] == [str(rows), str(place)], rows.name, place.parent.is_dir())\n"
            "place.write_text(rows.read_text().upper())\n"
        )
        (team.folder / "rows.csv").write_text("a,b\n1,2\n")
        team.vivero("data", "add", "rows", "rows.csv")
        words = ["data.inputs.train={asset: rows, as: t.csv}", "data.outputs.clean={asset: clean, as: c.csv}"]
        done = team.train(*words, "job.arguments=['${input:train}','${output:clean}']")
        assert "SAME True t.csv True" in done.stdout
        (record,) = team.records()
        assert record["prepare"]["inputs"]["train"]["asset"] == "rows:1"
        assert record["finalize"]["data"] == {"clean": "clean:1"}

    def test_a_model_is_registered_by_the_script_and_by_the_run(self, team: Team) -> None:
        team.script(
            "import pathlib\nfrom azureml.core import Run\n"
            "pathlib.Path('outputs/m.txt').write_text('a model')\n"
            "model = Run.get_context().register_model('by-script', 'outputs/m.txt', model_framework='Custom')\n"
            "print('version', model.version)\n"
        )
        done = team.train("model.name=by-run", "model.path=outputs/m.txt", "model.framework=Custom")
        assert "version 1" in done.stdout
        shown = json.loads(team.vivero("models", "--json").stdout)
        assert {model["name"] for model in shown} == {"by-script", "by-run"}

    def test_a_model_is_inspected_for_the_run(self, team: Team) -> None:
        team.script(A_DICT)
        done = team.train("model.name=by-run", code=2)
        assert "Model by-run was not registered: it contains a dict" in done.stdout

    def test_a_model_is_inspected_for_the_script(self, team: Team) -> None:
        team.script(
            f"{A_DICT}from azureml.core import Run\nRun.get_context().register_model('by-script', 'outputs/m.pkl')\n"
        )
        done = team.train(code=2)
        assert "Model by-script was not registered: it contains a dict" in done.stdout

    def test_the_model_of_a_sweeps_best_trial_is_inspected(self, team: Team) -> None:
        team.script(
            f"{A_DICT}import sys\nfrom azureml.core import Run\nRun.get_context().log('loss', float(sys.argv[2]))\n"
        )
        done = team.finish(team.begin("-m", "+job.arguments.n=1,2", "sweep.objective=loss", "model.name=best"))
        assert "Model best was not registered: it contains a dict" in done.stdout

    def test_a_sweep_with_an_objective_says_which_trial_was_best(self, team: Team) -> None:
        team.script("import sys\nfrom azureml.core import Run\nRun.get_context().log('loss', float(sys.argv[2]))\n")
        done = team.train("-m", "+job.arguments.rate=3,1,2", "sweep.objective=minimize loss")
        assert "Best by loss (minimize)" in done.stdout

    def test_a_sweep_fills_the_slots_of_all_nodes(self, team: Team, cluster: AnyCluster) -> None:
        team.script("import time\ntime.sleep(0.3)\n")
        done = team.train("-m", "+job.arguments.rate=range(0,24)")
        assert "24 completed" in done.stdout
        hosts = [record["run"]["host"].split()[0] for record in team.records()]
        assert {machine.name for machine in cluster.machines} == set(hosts)
        assert len(team.records()) == 24

    def test_a_machine_that_comes_later_brings_its_slots(self, team: Team, cluster: AnyCluster) -> None:
        """The existing machines are busy until the new one is used."""
        many = 6 * len(os.sched_getaffinity(0)) + 4
        team.script("import os, time\nwhile not os.path.exists(os.path.expanduser('~/go')):\n    time.sleep(0.05)\n")
        names = {machine.name for machine in cluster.machines}

        def used() -> set[str]:
            return {json.loads(run.job.read_text())["node"] for run in team.folders() if run.job.exists()}

        cluster.machines[2].kill()
        process = team.begin("-m", f"+job.arguments.n=range(0,{many})", "compute.slots=null")
        wait_for(lambda: used() == names - {cluster.machines[2].name}, 60)
        cluster.machines[2].start()
        wait_for(lambda: used() == names, 60)
        slots = sum(node["slots"] for node in json.loads(team.nodes("--json", "compute.slots=null").stdout))
        for machine in cluster.machines:
            machine.path("go").touch()
        done = team.finish(process)
        for machine in cluster.machines:
            machine.path("go").unlink()
        assert f"{many} completed" in done.stdout, done.stdout + done.stderr
        assert f"Now running {slots} trials at a time" in done.stdout
        assert json.loads(next(team.workspace.glob("sweeps/*/sweep.json")).read_text())["slots"] == slots

    def test_detached_it_goes_on_by_itself(self, team: Team) -> None:
        team.script(COUNTING.format(many=20, pause=0.1))
        done = team.train("detach=true")
        assert "line 19" not in done.stdout
        record = team.wait_for_end()
        assert record["status"] == "completed"
        assert team.folders()[-1].log.read_text() == lines(20)
        assert (team.folders()[-1].outputs / "done.txt").exists()

    def test_ctrl_c_cancels(self, team: Team) -> None:
        team.script(
            "import subprocess, time\nsubprocess.Popen(['sleep', '600'])\nprint('begun', flush=True)\ntime.sleep(600)\n"
        )
        process = team.begin()
        team.wait_for_log("begun")
        process.send_signal(signal.SIGINT)
        done = team.finish(process)
        assert done.returncode == 130
        assert team.records()[-1]["status"] == "canceled"
        assert not any("sleep" in words for machine in team.cluster.machines for words in machine.left().values())

    @pytest.mark.parametrize("minded", [True, False], ids=["controller there", "controller gone"])
    def test_vivero_cancel(self, team: Team, minded: bool) -> None:
        team.script(ENDLESS)
        process = team.begin()
        team.wait_for_log("begun")
        if not minded:
            process.kill()
        assert team.vivero("cancel", "latest").returncode == 0
        assert team.wait_for_end(30)["status"] == "canceled"
        process.communicate()

    def test_nodes_are_shown_checked_cleaned_stopped(self, team: Team, cluster: AnyCluster) -> None:
        team.script("print('hello')\n")
        team.train()
        nodes = json.loads(team.nodes("--json").stdout)
        assert [node["name"] for node in nodes] == [machine.name for machine in cluster.machines]
        assert all(node["up"] for node in nodes)
        assert "ready" in team.nodes("check").stdout
        assert "Python 3.99 is not" not in team.nodes("check").stdout
        wrong = team.nodes("check", "environment=venv", "environment.python=3.99")
        assert wrong.returncode == 1 and f"Python 3.99 is not installed on {cluster.machines[0].name}" in wrong.stdout
        left, shown = (cluster.machines[1].new_folder(f".vivero-node/runs/ahead.{name}") for name in ("left", "shown"))
        lock = cluster.machines[1].new_folder(".vivero-node/filling") / "ahead.shown.1.part"
        with locked(lock):  # an interpreter is using it, and the other one's process was killed
            os.chown(lock, shown.stat().st_uid, shown.stat().st_gid)
            team.nodes("clean")
        assert shown.exists() and not left.exists()
        cleaned = team.nodes("clean", "--all")
        assert not shown.exists()
        assert cleaned.returncode == 0 and "MB freed" in cleaned.stdout
        assert not (cluster.machines[0].root / "environments").exists()
        team.train()  # everything is sent again


class ClusterBadDaysContract:
    """Runs when a process, a node, a link or the controller is lost."""

    def test_the_controller_is_killed_and_the_run_lives(self, team: Team) -> None:
        team.script(COUNTING.format(many=30, pause=0.1))
        process = team.begin()
        team.wait_for_log("line 3")
        process.kill()
        process.communicate()
        record = team.wait_for_end()
        assert record["status"] == "completed"
        assert team.folders()[-1].log.read_text() == lines(30)

    @pytest.mark.parametrize("what", ["vivero-agent", "node.daemon"])
    def test_a_killed_agent_or_daemon_does_not_touch_the_run(self, team: Team, what: str) -> None:
        team.script(COUNTING.format(many=40, pause=0.05))
        process = team.begin()
        team.wait_for_log("line 3")
        for pid in wait_for(lambda: team.node().pids(what)):
            os.kill(pid, signal.SIGKILL)
        done = team.finish(process)
        assert done.returncode == 0, done.stdout + done.stderr
        assert team.folders()[-1].log.read_text() == lines(40)
        team.train()  # a new one is started for the next run

    @pytest.mark.parametrize("all_of_them", [False, True], ids=["one node", "all nodes"])
    def test_a_link_is_cut_for_a_while(self, team: Team, cluster: AnyCluster, all_of_them: bool) -> None:
        team.script(COUNTING.format(many=60, pause=0.1))
        process = team.begin()
        team.wait_for_log("line 3")
        run = team.folders()[-1]
        cut = cluster.machines if all_of_them else [team.node()]
        for machine in cut:
            machine.cut()
        read_until(process, b"its run continues")  # the connection was given up
        assert "line 59" not in run.log.read_text()
        for machine in cut:
            machine.mend()
        done = team.finish(process)
        assert done.returncode == 0, done.stdout + done.stderr
        assert run.log.read_text() == lines(60)
        assert not run.attempts.exists()

    def test_a_node_is_lost_and_the_run_begins_again_elsewhere(self, team: Team) -> None:
        team.script(COUNTING.format(many=30, pause=0.1))
        process = team.begin(*LOST)
        team.wait_for_log("line 3")
        machine, run = team.node(), team.folders()[-1]
        machine.kill()
        done = team.finish(process)
        machine.start()
        assert done.returncode == 0, done.stdout + done.stderr
        assert run.log.read_text() == lines(30)
        record = team.records()[-1]
        assert record["run"]["host"].split()[0] != machine.name
        assert f"attempt 1 was lost with {machine.name}" in record["run"]["notes"]
        assert [json.loads(line)["node"] for line in run.attempts.read_text().splitlines()] == [machine.name]
        assert "line 3" in (run.attempt(1) / "run.log").read_text()

    def test_the_controller_is_killed_and_the_node_too(self, team: Team) -> None:
        team.script(COUNTING.format(many=30, pause=0.1))
        process = team.begin(*LOST)
        team.wait_for_log("line 3")
        machine, run = team.node(), team.folders()[-1]
        process.kill()
        process.communicate()
        machine.kill()
        record = team.wait_for_end(90)
        machine.start()
        assert record["status"] == "completed" and run.log.read_text() == lines(30)
        assert len(run.attempts.read_text().splitlines()) == 1

    def test_many_trials_while_nodes_die_at_random(self, team: Team, cluster: AnyCluster) -> None:
        """Every trial has exactly one result, and nothing is left behind."""
        team.script(
            "import sys, time\nfrom azureml.core import Run\n"
            "time.sleep(0.2)\nRun.get_context().log('n', float(sys.argv[2]))\n"
        )
        process = team.begin("-m", "+job.arguments.n=range(0,100)", "compute.max_attempts=20", *LOST)
        chosen = random.Random(6)
        for _ in range(6):
            machine = chosen.choice(cluster.machines)
            wait_for(lambda machine=machine: team.has_a_run_on(machine) or process.poll() is not None, 60)
            machine.kill()
            threading.Event().wait(chosen.random())
            machine.start()
            if process.poll() is not None:
                break
        done = team.finish(process)
        assert done.returncode == 0 and "100 completed" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
        values = sorted(record["finalize"]["metrics"]["n"] for record in team.records())
        assert values == [float(number) for number in range(100)]
        assert sum(run.attempts.exists() for run in team.folders()) > 0
