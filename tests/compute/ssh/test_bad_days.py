"""What happens to runs on nodes when something is killed, cut, full or not what it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections.abc import Callable

import pytest

from tests.contracts.cluster_contract import ClusterBadDaysContract
from tests.support.nodes.cluster import SshCluster
from tests.support.nodes.team import COUNTING, ENDLESS, LOST, Team, lines
from tests.support.suite.covered import CLUSTERS
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(8, covers=CLUSTERS)


class TestBadDays(ClusterBadDaysContract):
    pass


def test_a_killed_worker_is_a_failure_that_says_so(team: Team) -> None:
    team.script(ENDLESS)
    process = team.begin()
    team.wait_for_log("begun")
    worker = json.loads((team.place() / "process.json").read_text())["pid"]
    os.kill(team.node().number_here(worker), signal.SIGKILL)
    done = team.finish(process)
    assert done.returncode == 2
    assert f"the worker on {team.node().name} was killed" in team.records()[-1]["error"]


def test_ctrl_c_twice_ends_a_run_whose_node_is_silent(team: Team) -> None:
    team.script(ENDLESS)
    process = team.begin("compute.hosts=[node1]")
    team.wait_for_log("begun")
    machine = team.node()
    machine.cut()
    process.send_signal(signal.SIGINT)
    wait_for(team.folders()[-1].cancel.exists)
    process.send_signal(signal.SIGINT)
    done = team.finish(process)
    machine.mend()
    assert done.returncode == 130
    assert "node1 did not answer" in team.records()[-1]["run"]["reason"]
    cleaned = team.nodes("clean")
    assert "ended " in cleaned.stdout, cleaned.stdout


def test_sshd_is_started_anew(team: Team) -> None:
    team.script(COUNTING.format(many=40, pause=0.05))
    process = team.begin()
    team.wait_for_log("line 3")
    machine = team.node()
    for pid in machine.processes():
        if "sshd" in machine.line(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    machine.serve()
    done = team.finish(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(40)


def test_a_node_that_dies_and_is_back_at_once_has_lost_the_run(team: Team) -> None:
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    machine, run = team.node(), team.folders()[-1]
    machine.kill()
    machine.start()
    done = team.finish(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.log.read_text() == lines(30) and len(run.attempts.read_text().splitlines()) == 1


def test_a_late_result_is_kept_apart(team: Team) -> None:
    team.script(COUNTING.format(many=150, pause=0.1))
    process = team.begin(*LOST)
    team.wait_for_log("line 3")
    machine, run = team.node(), team.folders()[-1]
    machine.cut()
    wait_for(run.attempts.exists, 60)
    machine.mend()  # attempt 1 went on there, and is ended as soon as it is reached
    done = team.finish(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.log.read_text() == lines(150)
    assert json.loads(run.result.read_text())["status"] == "completed"
    late = run.attempt(1) / "result.json"
    wait_for(lambda: late.exists() and json.loads(late.read_text())["status"] in ("canceled", "completed"), 20)


def test_a_node_is_lost_too_often(team: Team, cluster: SshCluster) -> None:
    team.script(ENDLESS)
    process = team.begin(*LOST, "compute.max_attempts=1")
    team.wait_for_log("begun")
    machine = team.node()
    machine.kill()
    done = team.finish(process)
    machine.start()
    assert done.returncode == 2
    assert f"{machine.name} was lost during attempt 1, the last one" in done.stdout


def test_the_same_run_is_followed_by_one_only(team: Team) -> None:
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    looks = [team.start("runner.cli", "recover") for _ in range(6)]
    for look in looks:
        look.communicate()
    record = team.wait_for_end()
    assert record["status"] == "completed" and team.folders()[-1].log.read_text() == lines(30)


def test_two_controllers_on_one_cluster(new_team: Callable[[], Team], cluster: SshCluster) -> None:
    teams = [new_team(), new_team()]
    most, stop = [], threading.Event()

    def count() -> None:
        while not stop.wait(0.05):
            most.append(max(len(machine.pids("sleep 0.4")) for machine in cluster.machines))

    for team in teams:
        team.script("import subprocess\nsubprocess.run(['sleep', '0.4'])\n")
    counter = threading.Thread(target=count)
    counter.start()
    begun = [team.begin("-m", "+job.arguments.n=range(0,20)") for team in teams]
    for team, process in zip(teams, begun, strict=True):
        done = team.finish(process)
        assert "20 completed" in done.stdout, done.stdout + done.stderr
    stop.set()
    counter.join()
    assert max(most) == 2  # the slots of a node, whoever takes them


def test_a_changed_host_key_ends_it_before_anything_is_sent(team: Team, cluster: SshCluster) -> None:
    team.script("print('hello')\n")
    first, second = cluster.machines[:2]
    before = cluster.known_hosts.read_text()
    try:
        cluster.known_hosts.write_text(f"{first.address} {second.public_key}")
        done = team.train("compute.hosts=[node1]", code=2)
    finally:
        cluster.known_hosts.write_text(before)
    assert "SHA256:" in done.stdout and "node1" in done.stdout


def test_a_wrong_key(team: Team, cluster: SshCluster) -> None:
    team.script("print('hello')\n")
    for machine in cluster.machines:
        machine.path(machine.authorized).write_text(machine.public_key)
    try:
        done = team.train(code=2)
    finally:
        for machine in cluster.machines:
            machine.path(machine.authorized).write_text(cluster.public_key)
    assert "rejected" in done.stdout and "IdentityFile" in done.stdout


def test_a_node_with_a_full_disk_is_named(team: Team, cluster: SshCluster) -> None:
    team.script("print('hello')\n")
    team.train()  # the others have all by then
    machine = cluster.machines[0]
    team.nodes("clean", "--all")
    team.nodes("stop")
    folder = f"{machine.home}/.vivero-node"
    machine.run("mount", "-t", "tmpfs", "-o", f"size=200k,mode=700,uid={machine.uid}", "tmpfs", folder)
    try:
        checked = team.nodes("check")
        assert checked.returncode == 1 and "node1: " in checked.stdout and "MB left" in checked.stdout
        done = team.train("compute.hosts=[node1]", code=2)
        assert "No space left on device" in done.stdout and "node1" in done.stdout
    finally:
        machine.run("umount", "--lazy", folder)


@pytest.fixture
def stranger(cluster: SshCluster) -> str:
    """Return an account of the first node that has another shell and no home."""
    machine, name = cluster.machines[0], "stranger"
    if not machine.path(f"/etc/ssh/authorized_keys_{name}").exists():
        machine.run("useradd", "-M", "-p", "*", "-d", "/nonexistent", "-s", "/bin/dash", name)
        machine.path(f"/etc/ssh/authorized_keys_{name}").write_text(cluster.public_key)
    return name


def test_an_account_without_a_home_and_with_another_shell(team: Team, stranger: str) -> None:
    team.script("import getpass\nprint('I am', getpass.getuser())\n")
    words = ["compute.hosts=[{host: node1, user: " + stranger + "}]"]
    done = team.train(*words, code=2)
    assert "its folder ~/.vivero-node cannot be created" in done.stdout and "compute.root=PATH" in done.stdout
    place = "compute.root=/tmp/of-a-stranger"
    assert f"I am {stranger}" in team.train(*words, place).stdout
    team.vivero("nodes", "stop", *team.words, *words, place)
