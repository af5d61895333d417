"""What happens to runs on a Dask cluster when parts of the cluster end, refuse us, or are not there."""

import os
import signal
import subprocess
import sys

import pytest

from runner.compute.cluster.certificates import make_certificates
from tests.compute.ssh.team import COUNTING, lines
from tests.waiting import wait_for


def test_a_killed_dask_worker_does_not_touch_the_run(team):
    team.script(COUNTING.format(many=40, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    os.kill(team.node().worker(), signal.SIGKILL)
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(40)
    assert not team.folders()[-1].attempts.exists()


def test_the_scheduler_is_killed_and_comes_back(team, cluster):
    team.script(COUNTING.format(many=80, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    cluster.kill_scheduler()
    cluster.start_scheduler()
    cluster.settle()
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(80)
    assert not team.folders()[-1].attempts.exists()


def test_a_run_is_followed_though_the_scheduler_was_away(team, cluster):
    team.script(COUNTING.format(many=60, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    cluster.kill_scheduler()
    shown = team.vivero("runs")  # has somebody follow it, who finds no scheduler
    assert shown.returncode == 0
    wait_for(lambda: (team.folders()[-1].logs / "attendant.log").exists())
    cluster.start_scheduler()
    cluster.settle()
    assert team.wait_for_end()["status"] == "completed"
    assert team.folders()[-1].log.read_text() == lines(60)


@pytest.mark.parametrize("own", [False, True], ids=["plain", "foreign certificate"])
def test_a_stranger_is_refused(team, cluster, tmp_path, own):
    team.script("print('hello')\n")
    address = cluster.address
    if own:
        for name, content in make_certificates().items():
            (tmp_path / name).write_bytes(content)
        tls = f"{{ca_file: {tmp_path}/ca.pem, cert: {tmp_path}/cert.pem, key: {tmp_path}/key.pem}}"
    else:
        address, tls = address.replace("tls:", "tcp:"), "{ca_file: null, cert: null, key: null}"
    done = team.train("compute.scheduler_file=null", f"compute.address={address}", f"compute.tls={tls}", code=2)
    assert f"The scheduler at {address} does not answer: " in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["compute.scheduler_file=null"], "compute.kind=dask takes either compute.address or compute.scheduler_file"),
        (["compute.address=tcp://127.0.0.1:8786"], "takes either compute.address or compute.scheduler_file"),
        (["compute.scheduler_file=none.json"], "compute.scheduler_file: there is no file"),
        (["compute.scheduler_file=src/train.py"], "is not what a scheduler writes"),
        (["compute.scheduler_file=null", "compute.address=10.0.0.1:1"], "is no address of a scheduler"),
        (["compute.tls.key=null"], "takes compute.tls.key"),
        (["compute.tls.key=none.pem"], "compute.tls.key: there is no file"),
        (["compute.min_nodes=-1"], "do not fit each other"),
        (["compute.wait_for_workers_seconds=0"], "is not a time in seconds above 0"),
        (["environment=docker", "compute.scale_out=true"], "does not spread what runs in a container"),
    ],
)
def test_a_mistake_gets_one_line(team, words, expected):
    team.script("print('hello')\n")
    done = team.train(*words, code=1)
    assert expected in done.stderr and done.stderr.count("\n") == 1
    assert not team.records()


def test_a_cluster_without_workers_is_named(team, tmp_path):
    team.script("print('hello')\n")
    words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(tmp_path / "s.json")]
    scheduler = subprocess.Popen([sys.executable, "-m", "dask", "scheduler", *words], stderr=subprocess.DEVNULL)
    wait_for(lambda: (tmp_path / "s.json").exists(), 30)
    tls = "compute.tls={ca_file: null, cert: null, key: null}"
    more = ["compute.wait_for_workers_seconds=1", f"compute.scheduler_file={tmp_path}/s.json", tls]
    done = team.train(*more, code=2)
    scheduler.terminate()
    scheduler.wait(20)
    assert "has no workers. Start some" in done.stdout
