"""Runs on machines reached by SSH: three real sshds in networks of their own."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from runner.compute.cluster.compute import ClusterCompute
from runner.compute.ssh import SshMachines
from runner.environments.venv import VenvEnvironment
from runner.files import locked
from runner.layout import Layout
from runner.schema import SshComputeConfig
from tests.compute.ssh.team import COUNTING, lines
from tests.contracts.compute_contract import ComputeContract
from tests.waiting import wait_for


class TestSsh(ComputeContract):
    @pytest.fixture
    def compute(self, cluster, monkeypatch):
        monkeypatch.setenv("HOME", str(cluster.home))
        self.cluster = cluster
        config = SshComputeConfig(hosts=[one.name for one in cluster.machines], slots=2, max_attempts=2)
        compute = ClusterCompute(config, SshMachines(config), several=False, say=print)
        yield compute
        compute.close()

    @pytest.fixture
    def handle(self, compute, tmp_path):
        return VenvEnvironment(Layout(tmp_path / "workspace")).prepare(compute.host(), print)

    def process_file(self, run):
        return process_file(run, self.cluster)


def process_file(run, cluster):
    """Return where the worker of a run that has begun says who it is, on its node."""
    node = wait_for(lambda: run.node.exists() and json.loads(run.node.read_text()), 30)
    machine = next(one for one in cluster.machines if one.name == node["node"])
    return machine.root / "runs" / node["folder"] / "process.json"


def test_a_run_is_as_at_home(team):
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
    data = team.folder / "rows.csv"
    data.write_text("1,2")
    words = ["data.inputs={rows: {path: rows.csv}}", "job.arguments=[--rows,'${input:rows}']"]
    done = team.train(*words, "job.environment_variables.COLOUR=blue")
    assert "42 blue 1,2" in done.stdout
    (record,), (run,) = team.records(), team.folders()
    assert record["status"] == "completed" and record["finalize"]["metrics"] == {"accuracy": 0.9}
    assert record["tags"]["colour"] == "red"
    assert record["run"]["host"].split()[0] in [one.name for one in team.cluster.machines]
    assert [one["path"] for one in record["finalize"]["outputs"]] == ["sub/a.bin"]
    assert (run.outputs / "sub" / "a.bin").read_bytes() == b"1" * 3_000_000
    assert (run.work / "beside.txt").read_text() == "kept" and not (run.work / "helper.py").exists()
    assert any("outputs/link is a link" in note for note in record["run"]["notes"] + record["finalize"]["notes"])
    assert len(list(run.children.glob("*/child.json"))) == 1


def test_logs_and_metrics_come_while_it_runs(team):
    team.script(
        "from azureml.core import Run\nimport os, time\nRun.get_context().log('early', 1)\nprint('begun', flush=True)\n"
        "while not os.path.exists('outputs/go'):\n    time.sleep(0.02)\n"
    )
    process = team.begin()
    team.wait_for_log("begun")
    metrics = team.folders()[-1].metrics  # they come in a message of their own, maybe after the log's
    wait_for(lambda: metrics.exists() and "early" in metrics.read_text())
    place = team.node().root / "runs" / json.loads(team.folders()[-1].node.read_text())["folder"]
    (place / "work" / "outputs" / "go").touch()
    assert team._end(process).returncode == 0


def test_a_model_is_registered_by_the_script_and_by_the_run(team, cluster):
    team.script(
        "import pickle, pathlib\nfrom azureml.core import Run\n"
        "pathlib.Path('outputs/m.txt').write_text('a model')\n"
        "model = Run.get_context().register_model('by-script', 'outputs/m.txt', model_framework='Custom')\n"
        "print('version', model.version)\n"
    )
    done = team.train("model.name=by-run", "model.path=outputs/m.txt", "model.framework=Custom")
    assert "version 1" in done.stdout
    shown = json.loads(team.vivero("models", "--json").stdout)
    assert {one["name"] for one in shown} == {"by-script", "by-run"}


def test_the_script_fails_as_at_home(team):
    team.script("raise ValueError('no rows')\n")
    done = team.train(code=2)
    assert "ValueError: no rows" in done.stdout + done.stderr


def test_a_sweep_fills_the_slots_of_all_nodes(team, cluster):
    team.script(
        "import sys, time\nfrom azureml.core import Run\ntime.sleep(0.3)\nRun.get_context().log('loss', float(sys.argv[2]))\n"
    )
    done = team.train("-m", "+job.arguments.rate=range(0,24)", "sweep.objective=loss")
    assert "24 completed" in done.stdout
    hosts = [record["run"]["host"].split()[0] for record in team.records()]
    assert {one.name for one in cluster.machines} == set(hosts)
    assert len(team.records()) == 24


def test_a_machine_that_comes_later_brings_its_slots(team, cluster):
    """Those that are there are busy until it is used."""
    go, many = team.folder / "go", 6 * len(os.sched_getaffinity(0)) + 4
    team.script(f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.05)\n")
    there = {one.name for one in cluster.machines}

    def used():
        return {json.loads(run.node.read_text())["node"] for run in team.folders() if run.node.exists()}

    cluster.machines[2].kill()
    process = team.begin("-m", f"+job.arguments.n=range(0,{many})", "compute.slots=null")
    wait_for(lambda: used() == there - {cluster.machines[2].name}, 60)
    cluster.machines[2].start()
    wait_for(lambda: used() == there, 60)
    slots = sum(one["slots"] for one in json.loads(team.nodes("--json", "compute.slots=null").stdout))
    go.touch()
    done = team._end(process)
    assert f"{many} completed" in done.stdout, done.stdout + done.stderr
    assert f"{slots} at a time from now on" in done.stdout
    assert json.loads(next(team.workspace.glob("sweeps/*/sweep.json")).read_text())["slots"] == slots


@pytest.mark.parametrize(("words", "beside"), [((), 2), (("sweep.max_concurrent=3",), 1)], ids=["all slots", "half"])
def test_a_trial_has_its_share_of_the_cores_of_its_node(words, beside, team):
    """Three at a time on three nodes is one on each, whatever this machine has."""
    team.script("import os\nprint('limits', os.environ['OMP_NUM_THREADS'], os.environ['LOKY_MAX_CPU_COUNT'])\n")
    team.train("-m", "job.environment_variables.MKL_NUM_THREADS='7','8'", "+job.arguments.n=range(0,4)", *words)
    share = max(1, len(os.sched_getaffinity(0)) // beside)
    assert {run.log.read_text() for run in team.folders()} == {f"limits {share} {share}\n"}


def test_what_is_there_is_not_sent_again(team, cluster):
    team.script("print('hello')\n")
    (team.folder / "src" / "large.bin").write_bytes(os.urandom(2_000_000))
    team.train()
    before = sent(cluster)
    team.train()
    assert sum(sent(cluster).values()) - sum(before.values()) < 100_000


def sent(cluster):
    """Return the bytes that the links to the nodes have carried there."""
    return {
        one.name: int(Path(f"/sys/class/net/{one.link}/statistics/tx_bytes").read_text()) for one in cluster.machines
    }


def test_what_is_home_is_gone_there_once_the_command_ends(team, cluster):
    team.script("print('hello')\n")
    team.train("-m", "+job.arguments.n=range(0,9)")
    assert not [run for one in cluster.machines for run in (one.root / "runs").glob("*") if "ahead." not in run.name]


def test_detached_it_goes_on_by_itself(team):
    team.script(COUNTING.format(many=20, pause=0.1))
    done = team.train("detach=true")
    assert "line 19" not in done.stdout
    record = team.wait_for_end()
    assert record["status"] == "completed"
    assert team.folders()[-1].log.read_text() == lines(20)
    assert (team.folders()[-1].outputs / "done.txt").exists()


def test_the_controller_is_killed_and_the_run_lives(team):
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    record = team.wait_for_end()
    assert record["status"] == "completed"
    assert team.folders()[-1].log.read_text() == lines(30)


def test_ctrl_c_cancels(team):
    team.script(
        "import subprocess, time\nsubprocess.Popen(['sleep', '600'])\nprint('begun', flush=True)\ntime.sleep(600)\n"
    )
    process = team.begin()
    team.wait_for_log("begun")
    process.send_signal(signal.SIGINT)
    done = team._end(process)
    assert done.returncode == 130
    assert team.records()[-1]["status"] == "canceled"
    assert not any("sleep" in words for one in team.cluster.machines for words in one.left().values())


@pytest.mark.parametrize("minded", [True, False], ids=["controller there", "controller gone"])
def test_vivero_cancel(team, minded):
    team.script("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    process = team.begin()
    team.wait_for_log("begun")
    if not minded:
        process.kill()
    assert team.vivero("cancel", "latest").returncode == 0
    assert team.wait_for_end(30)["status"] == "canceled"
    process.communicate()


def test_a_timeout(team):
    team.script("import time\ntime.sleep(600)\n")
    team.train("job.timeout=0.5", code=2)
    assert "timeout" in team.records()[-1]["run"]["reason"]


def test_a_node_that_is_down_is_named_and_the_rest_go_on(team, cluster):
    cluster.machines[0].cut()
    team.script("print('hello')\n")
    began = time.monotonic()
    done = team.train("-m", "+job.arguments.n=1,2,3")
    assert time.monotonic() - began < 20
    assert "node1" in done.stdout + done.stderr and "going on without it" in done.stdout + done.stderr
    assert "3 completed" in done.stdout
    done = team.train("compute.min_nodes=3", code=2)
    assert "2 of the 3 nodes of compute.min_nodes are up" in done.stdout + done.stderr


def test_nodes_are_shown_checked_cleaned_stopped(team, cluster):
    team.script("print('hello')\n")
    team.train()
    told = json.loads(team.nodes("--json").stdout)
    assert [one["name"] for one in told] == [one.name for one in cluster.machines] and all(one["up"] for one in told)
    assert "ready" in team.nodes("check").stdout
    assert "has no Python 3.99" not in team.nodes("check").stdout
    wrong = team.nodes("check", "environment=venv", "environment.python=3.99")
    assert wrong.returncode == 1 and f"Python 3.99 is not on {cluster.machines[0].name}" in wrong.stdout
    left, shown = (cluster.machines[1].root / "runs" / f"ahead.{name}" for name in ("left", "shown"))
    left.mkdir(parents=True)
    shown.mkdir()
    with locked(shown / "shown.lock"):  # to an interpreter, at this moment
        team.nodes("clean")
    assert shown.exists() and not left.exists()
    cleaned = team.nodes("clean", "--all")
    assert not shown.exists()
    assert cleaned.returncode == 0 and "MB freed" in cleaned.stdout
    assert not (cluster.machines[0].root / "environments").exists()
    team.train()  # all is brought again


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["compute.hosts=[]"], "compute.hosts is empty"),
        (["compute.hosts=[a,a]"], "names a twice"),
        (["compute.hosts=[{host: a, slot: 2}]"], "Did you mean 'slots'?"),
        (["compute.hosts=[{user: a}]"], "names no host"),
        (["compute.hosts=['-oProxyCommand=touch /tmp/x']"], "is no host"),
        (["compute.min_nodes=4"], "compute.hosts names 3"),
        (["compute.slots=0"], "compute.slots=0"),
        (["environment=docker", "compute.scale_out=true"], "does not spread what runs in a container"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_a_mistake_gets_one_line(team, words, expected):
    team.script("print('hello')\n")
    done = team.run(*team.words, "job.source=src", "job.script=train.py", *words)
    assert done.returncode == 1 and expected in done.stderr and done.stderr.count("\n") == 1
    assert not team.records()


def test_packages_are_sent_to_a_node_without_a_way_to_an_index(team):
    """One of them has no wheel: it is built there."""
    team.script("import antlr4, six\nprint('both', six.__version__)\n")
    packages = "environment.packages=['antlr4-python3-runtime==4.9.3', 'six==1.17.0']"
    done = team.train("environment=venv", packages, "compute.send_packages=true")
    assert "both 1.17.0" in done.stdout
    packages = [one["prepare"]["environment"]["packages"] for one in team.records()]
    assert packages == [{"antlr4-python3-runtime": "4.9.3", "six": "1.17.0"}]
