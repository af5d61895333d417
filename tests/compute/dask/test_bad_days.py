"""What happens to runs on a Dask cluster when parts of the cluster end, refuse us, or are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from runner.compute.cluster.certificates import make_certificates
from tests.contracts.cluster_contract import ClusterBadDaysContract
from tests.support.nodes.dask import DaskCluster, DaskMachine
from tests.support.nodes.team import COUNTING, Team, lines
from tests.support.suite.covered import CLUSTERS
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(8, covers=CLUSTERS)


class TestBadDays(ClusterBadDaysContract):
    pass


def test_a_killed_dask_worker_does_not_touch_the_run(team: Team) -> None:
    team.script(COUNTING.format(many=40, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    machine = team.node()
    assert isinstance(machine, DaskMachine)
    os.kill(machine.worker(), signal.SIGKILL)
    done = team.finish(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(40)
    assert not team.folders()[-1].attempts.exists()


def test_the_scheduler_is_killed_and_comes_back(team: Team, cluster: DaskCluster) -> None:
    team.script(COUNTING.format(many=80, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    cluster.kill_scheduler()
    cluster.start_scheduler()
    cluster.settle()
    done = team.finish(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(80)
    assert not team.folders()[-1].attempts.exists()


def test_a_run_is_followed_though_the_scheduler_was_away(team: Team, cluster: DaskCluster) -> None:
    team.script(COUNTING.format(many=60, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    cluster.kill_scheduler()
    shown = team.vivero("recover")  # has somebody follow it, who finds no scheduler
    assert shown.returncode == 0
    wait_for((team.folders()[-1].logs / "attendant.log").exists)
    cluster.start_scheduler()
    cluster.settle()
    assert team.wait_for_end()["status"] == "completed"
    assert team.folders()[-1].log.read_text() == lines(60)


@pytest.mark.parametrize("own", [False, True], ids=["plain", "foreign certificate"])
def test_a_stranger_is_refused(team: Team, cluster: DaskCluster, own: bool) -> None:
    team.script("print('hello')\n")
    address = cluster.address
    if own:
        for name, content in make_certificates().items():
            (team.folder / name).write_bytes(content)
        tls = f"{{ca_file: {team.folder}/ca.pem, cert: {team.folder}/cert.pem, key: {team.folder}/key.pem}}"
    else:
        address, tls = address.replace("tls:", "tcp:"), "{ca_file: null, cert: null, key: null}"
    done = team.train("compute.scheduler_file=null", f"compute.address={address}", f"compute.tls={tls}", code=2)
    assert f"The scheduler at {address} does not answer: " in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["compute.scheduler_file=null"], "compute=dask needs either compute.address or compute.scheduler_file"),
        (["compute.address=tcp://127.0.0.1:8786"], "needs either compute.address or compute.scheduler_file"),
        (["compute.scheduler_file=none.json"], "none.json does not exist"),
        (["compute.scheduler_file=src/train.py"], "was not written by a Dask scheduler"),
        (["compute.scheduler_file=null", "compute.address=10.0.0.1:1"], "is not a scheduler's address"),
        (["compute.tls.key=null"], "needs compute.tls.key"),
        (["compute.tls.key=none.pem"], "none.pem does not exist"),
        (["compute.min_nodes=-1"], "does not fit"),
        (["compute.wait_for_workers_seconds=0"], "must be above 0"),
        (["environment=docker", "compute.scale_out=true"], "cannot be used with environment=docker"),
    ],
)
def test_a_mistake_gets_one_line(team: Team, words: list[str], expected: str) -> None:
    team.script("print('hello')\n")
    done = team.train(*words, code=1)
    assert expected in done.stderr and done.stderr.count("\n") == 1
    assert not team.records()


def test_a_cluster_without_workers_is_named(team: Team) -> None:
    team.script("print('hello')\n")
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(team.folder / "s.json")]
    scheduler = subprocess.Popen([sys.executable, "-m", "dask", "scheduler", *words], stderr=subprocess.DEVNULL)
    wait_for((team.folder / "s.json").exists, 30)
    tls = "compute.tls={ca_file: null, cert: null, key: null}"
    more = ["compute.wait_for_workers_seconds=1", f"compute.scheduler_file={team.folder}/s.json", tls]
    done = team.train(*more, code=2)
    scheduler.terminate()
    scheduler.wait(20)
    assert "has no workers. Start some" in done.stdout
