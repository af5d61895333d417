"""Runs on machines reached by SSH."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from runner.compute.cluster.compute import ClusterCompute
from runner.compute.ssh import SshComputeConfig, SshMachines
from tests.contracts.cluster_contract import ClusterComputeContract, ClusterRunsContract
from tests.support.nodes.cluster import SshCluster
from tests.support.nodes.team import Team
from tests.support.projects import write_project
from tests.support.suite.covered import CLUSTERS
from tests.support.suite.pace import slowdown
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(13, covers=CLUSTERS)


class TestCompute(ClusterComputeContract):
    @pytest.fixture
    def compute(self, cluster: SshCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterCompute]:
        home = tmp_path / "home"
        shutil.copytree(cluster.user.home / ".ssh", home / ".ssh")
        monkeypatch.setenv("HOME", str(home))
        config = SshComputeConfig(hosts=[machine.name for machine in cluster.machines], slots=2, max_attempts=2)
        compute = ClusterCompute(config, SshMachines(config), several=False, say=print)
        yield compute
        compute.close()


class TestRuns(ClusterRunsContract):
    pass


def test_logs_and_metrics_come_while_it_runs(team: Team) -> None:
    team.script(
        "from azureml.core import Run\nimport os, time\nRun.get_context().log('early', 1)\nprint('begun', flush=True)\n"
        "while not os.path.exists('outputs/go'):\n    time.sleep(0.02)\n"
    )
    process = team.begin()
    team.wait_for_log("begun")
    metrics = team.folders()[-1].metrics  # they come in a message of their own, maybe after the log's
    wait_for(lambda: metrics.exists() and "early" in metrics.read_text())
    (team.place() / "work" / "outputs" / "go").touch()
    assert team.finish(process).returncode == 0


def test_the_script_fails_as_at_home(team: Team) -> None:
    team.script("raise ValueError('no rows')\n")
    done = team.train(code=2)
    assert "ValueError: no rows" in done.stdout + done.stderr


@pytest.mark.parametrize(("words", "beside"), [((), 2), (("sweep.max_concurrent=3",), 1)], ids=["all slots", "half"])
def test_a_trial_has_its_share_of_the_cores_of_its_node(words: Sequence[str], beside: int, team: Team) -> None:
    """Three at a time on three nodes is one on each, whatever this machine has."""
    team.script("import os\nprint('limits', os.environ['OMP_NUM_THREADS'], os.environ['LOKY_MAX_CPU_COUNT'])\n")
    team.train("-m", "job.environment_variables.MKL_NUM_THREADS='7','8'", "+job.arguments.n=range(0,4)", *words)
    share = max(1, len(os.sched_getaffinity(0)) // beside)
    assert {run.log.read_text() for run in team.folders()} == {f"limits {share} {share}\n"}


def test_what_is_there_is_not_sent_again(team: Team, cluster: SshCluster) -> None:
    team.script("print('hello')\n")
    (team.folder / "src" / "large.bin").write_bytes(os.urandom(2_000_000))
    team.train()
    before = cluster.received()
    team.train()
    assert cluster.received() - before < 100_000


def test_a_source_that_was_changed_on_a_node_does_not_run_there(team: Team, cluster: SshCluster) -> None:
    machine = cluster.machines[0]
    on_machine = f"compute.hosts=[{machine.name}]"
    team.script("print('a source that is changed on its node')\n")
    team.train(on_machine)
    (kept,) = (
        script
        for script in machine.root.glob("snapshots/*/files/train.py")
        if "changed on its node" in script.read_text()
    )
    with kept.open("a") as file:
        file.write("open('outputs/pwned', 'w')\n")
    done = team.train(on_machine, code=2)
    assert "the snapshot was changed there (train.py), and is sent again for the next run" in done.stdout + done.stderr
    team.train(on_machine)
    assert not list(team.workspace.glob("**/pwned")) and "changed on its node" in team.folders()[-1].log.read_text()


def test_an_interpreter_that_was_replaced_on_a_node_is_not_started(team: Team, cluster: SshCluster) -> None:
    machine = cluster.machines[0]
    on_machine = f"compute.hosts=[{machine.name}]"
    team.script("print('hello')\n")
    team.train(on_machine)
    key = team.records()[-1]["prepare"]["environment"]["key"]
    python = machine.root / "environments" / key / "bin" / "python"
    real = python.readlink()
    python.unlink()
    python.write_text(f'#!/bin/sh\ntouch {machine.root}/pwned\nexec {real} "$@"\n')
    python.chmod(0o755)
    done = team.train(on_machine)
    assert f"on {machine.name} is damaged (bin/python changed)" in done.stdout + done.stderr
    assert not (machine.root / "pwned").exists()
    assert "damaged" not in team.train(on_machine).stdout


def test_what_is_home_is_gone_there_once_the_command_ends(team: Team, cluster: SshCluster) -> None:
    team.script("print('hello')\n")
    team.train("-m", "+job.arguments.n=range(0,9)")
    assert not [
        run for machine in cluster.machines for run in (machine.root / "runs").glob("*") if "ahead." not in run.name
    ]


def test_a_secret_reaches_the_script_and_no_file_keeps_it(team: Team, cluster: SshCluster) -> None:
    """What its process shows it says itself: the words that all users of the node can see."""
    secret = f"secret-of-a-test-{os.getpid()}"
    team.script(
        "import os, sys\nprint(sys.argv[2] == os.environ['WORD'], len(sys.argv[2]))\n"
        "print(sys.argv[2] in open('/proc/self/cmdline').read())\n"
    )
    words = ("job.environment_variables={WORD: '${oc.env:OF_TEST}'}", "+job.arguments={word: '${oc.env:OF_TEST}'}")
    process = team.begin(*words, variables={"OF_TEST": secret})
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert team.folders()[-1].log.read_text() == f"True {len(secret)}\nFalse\n"
    for folder in (team.workspace, *(machine.root / "runs" for machine in cluster.machines)):
        found = [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
        assert found == []


def test_what_a_script_leaves_on_a_node_is_not_followed(team: Team) -> None:
    team.script(
        "import os, pathlib\nrun = pathlib.Path.cwd().parent\nprint('begun', flush=True)\nopen('outputs/a', 'w')\n"
        "os.symlink('/etc', 'outputs/etc'); os.symlink('/etc/passwd', 'outputs/passwd'); os.mkfifo('outputs/fifo')\n"
        "os.unlink(run / 'logs/run.log'); os.mkfifo(run / 'logs/run.log')\n"
        "(run / 'metrics.jsonl').unlink(missing_ok=True); os.symlink('/etc/passwd', run / 'metrics.jsonl')\n"
        "os.mkfifo(run / 'properties.jsonl')\n"
    )
    team.train()
    folder = team.folders()[-1]
    assert [path.name for path in folder.outputs.iterdir()] == ["a"] and "begun" in folder.log.read_text()
    for path in folder.root.rglob("*"):
        assert not path.is_symlink() and (path.is_dir() or "root:x" not in path.read_text())


def test_a_timeout(team: Team) -> None:
    team.script("import time\ntime.sleep(600)\n")
    team.train("job.timeout=0.5", code=2)
    assert "timeout" in team.records()[-1]["run"]["reason"]


def test_a_node_that_is_down_is_named_and_the_rest_go_on(team: Team, cluster: SshCluster) -> None:
    cluster.machines[0].cut()
    team.script("print('hello')\n")
    began = time.monotonic()
    done = team.train("-m", "+job.arguments.n=1,2,3")
    assert time.monotonic() - began < 20 * slowdown()
    assert "node1" in done.stdout + done.stderr and "continuing without it" in done.stdout + done.stderr
    assert "3 completed" in done.stdout
    done = team.train("compute.min_nodes=3", code=2)
    assert "only 2 of compute.min_nodes=3 nodes are up" in done.stdout + done.stderr


def _first_word(value: object) -> str:
    return str(value[0]) if isinstance(value, list) else ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["compute.hosts=[]"], "compute.hosts is empty"),
        (["compute.hosts=[a,a]"], "names a twice"),
        (["compute.hosts=[{host: a, slot: 2}]"], "Did you mean 'slots'?"),
        (["compute.hosts=[{user: a}]"], "does not name a host"),
        (["compute.hosts=['-oProxyCommand=touch /tmp/x']"], "is not a host name"),
        (["compute.min_nodes=4"], "compute.hosts names only 3"),
        (["compute.slots=0"], "compute.slots=0"),
        (["environment=docker", "compute.scale_out=true"], "cannot be used with environment=docker"),
    ],
    ids=_first_word,
)
def test_a_mistake_gets_one_line(team: Team, words: Sequence[str], expected: str) -> None:
    team.script("print('hello')\n")
    done = team.run(*team.words, "job.source=src", "job.script=train.py", *words)
    assert done.returncode == 1 and expected in done.stderr and done.stderr.count("\n") == 1
    assert not team.records()


def test_packages_are_sent_to_a_node_without_a_way_to_an_index(team: Team) -> None:
    """One of them has no wheel: it is built there."""
    team.script("import antlr4, six\nprint('both', six.__version__)\n")
    wanted = "environment.packages=['antlr4-python3-runtime==4.9.3', 'six==1.17.0']"
    done = team.train("environment=venv", wanted, "compute.send_packages=true")
    assert "both 1.17.0" in done.stdout
    packages = [record["prepare"]["environment"]["packages"] for record in team.records()]
    assert packages == [{"antlr4-python3-runtime": "4.9.3", "six": "1.17.0"}]


@pytest.mark.parametrize("sent", ["false", "true"])
def test_a_project_of_this_machine_is_installed_on_a_node(team: Team, sent: str) -> None:
    write_project(team.folder / "mine")
    team.script("import scores\nprint('value', scores.VALUE)\n")
    words = ["environment=venv", "environment.packages=[./mine]", f"compute.send_packages={sent}"]
    assert "value 1" in team.train(*words).stdout
    assert "Building" not in team.train(*words).stdout
    write_project(team.folder / "mine", code="VALUE = 2\n")
    assert "value 2" in team.train(*words).stdout
