"""What happens to runs on nodes when something is killed, cut, full or not what it was."""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.compute.ssh.team import COUNTING, Team, lines
from tests.waiting import wait_for

ENDLESS = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"
# Silent for so long a node is lost here.
LOST = ["compute.lost_after_seconds=3"]


def pids(machine, word):
    return [pid for pid, line in machine.left().items() if word in line]


@pytest.mark.parametrize("what", ["vivero-agent", "keeper.py"])
def test_a_killed_agent_or_keeper_does_not_touch_the_run(team, what):
    team.script(COUNTING.format(many=40, pause=0.05))
    process = team.begin()
    team.wait_for_log("line 3")
    for pid in wait_for(lambda: pids(team.node(), what)):
        os.kill(pid, signal.SIGKILL)
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(40)
    team.train()  # and there is another one for the next


def test_a_killed_worker_is_a_failure_that_says_so(team):
    team.script(ENDLESS)
    process = team.begin()
    team.wait_for_log("begun")
    run = team.folders()[-1]
    place = team.node().root / "runs" / json.loads(run.node.read_text())["folder"]
    os.kill(json.loads((place / "process.json").read_text())["pid"], signal.SIGKILL)
    done = team._end(process)
    assert done.returncode == 2
    assert f"the worker on {team.node().name} was killed" in team.records()[-1]["error"]


@pytest.mark.parametrize("all_of_them", [False, True], ids=["one node", "all nodes"])
def test_a_link_is_cut_for_a_while(team, cluster, all_of_them):
    team.script(COUNTING.format(many=60, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    cut = cluster.machines if all_of_them else [team.node()]
    for one in cut:
        one.cut()
    run = team.folders()[-1]
    threading.Event().wait(22)  # longer than a silence lets a connection live
    assert "line 59" not in run.log.read_text()
    for one in cut:
        one.mend()
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.log.read_text() == lines(60)
    assert not run.attempts.exists()


def test_ctrl_c_twice_ends_a_run_whose_node_is_silent(team):
    team.script(ENDLESS)
    process = team.begin("compute.hosts=[node1]")
    team.wait_for_log("begun")
    machine = team.node()
    machine.cut()
    process.send_signal(signal.SIGINT)
    wait_for(team.folders()[-1].cancel.exists)
    process.send_signal(signal.SIGINT)
    done = team._end(process)
    machine.mend()
    assert done.returncode == 130
    assert "node1 did not answer" in team.records()[-1]["run"]["reason"]
    cleaned = team.nodes("clean")
    assert "ended " in cleaned.stdout, cleaned.stdout


def test_sshd_is_started_anew(team):
    team.script(COUNTING.format(many=40, pause=0.05))
    process = team.begin()
    team.wait_for_log("line 3")
    machine = team.node()
    for pid in machine.processes():
        with contextlib.suppress(OSError):
            if b"sshd" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
    machine.process.wait(10)
    machine.start()
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert team.folders()[-1].log.read_text() == lines(40)


def test_a_node_is_lost_and_the_run_begins_again_elsewhere(team):
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin(*LOST)
    team.wait_for_log("line 3")
    machine, run = team.node(), team.folders()[-1]
    machine.kill()
    done = team._end(process)
    machine.start()
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.log.read_text() == lines(30)
    record = team.records()[-1]
    assert record["run"]["host"].split()[0] != machine.name
    assert f"attempt 1 was lost with {machine.name}" in record["run"]["notes"]
    assert [json.loads(line)["node"] for line in run.attempts.read_text().splitlines()] == [machine.name]
    assert "line 3" in (run.attempt(1) / "run.log").read_text()


def test_a_node_that_dies_and_is_back_at_once_has_lost_the_run(team):
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    machine, run = team.node(), team.folders()[-1]
    machine.kill()
    machine.start()
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.log.read_text() == lines(30) and len(run.attempts.read_text().splitlines()) == 1


def test_a_late_result_is_kept_apart(team):
    team.script(COUNTING.format(many=150, pause=0.1))
    process = team.begin(*LOST)
    team.wait_for_log("line 3")
    machine, run = team.node(), team.folders()[-1]
    machine.cut()
    wait_for(run.attempts.exists, 60)
    machine.mend()  # attempt 1 went on there, and is ended as soon as it is reached
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run.log.read_text() == lines(150)
    assert json.loads(run.result.read_text())["status"] == "completed"
    late = run.attempt(1) / "result.json"
    wait_for(lambda: late.exists() and json.loads(late.read_text())["status"] in ("canceled", "completed"), 20)


def test_a_node_is_lost_too_often(team, cluster):
    team.script(ENDLESS)
    process = team.begin(*LOST, "compute.max_attempts=1")
    team.wait_for_log("begun")
    machine = team.node()
    machine.kill()
    done = team._end(process)
    machine.start()
    assert done.returncode == 2
    assert f"{machine.name} was lost during attempt 1, the last one" in done.stdout


def test_the_controller_is_killed_and_the_node_too(team):
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


def test_the_same_run_is_followed_by_one_only(team):
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    looks = [team.start("runner.cli", "runs") for _ in range(6)]
    for one in looks:
        one.communicate()
    record = team.wait_for_end()
    assert record["status"] == "completed" and team.folders()[-1].log.read_text() == lines(30)


def test_two_controllers_on_one_cluster(team, cluster, tmp_path):
    other = Team(tmp_path / "other", cluster)
    most, stop = [], threading.Event()

    def count():
        while not stop.wait(0.05):
            most.append(max(len(pids(one, "sleep 0.4")) for one in cluster.machines))

    for one in (team, other):
        one.script("import subprocess\nsubprocess.run(['sleep', '0.4'])\n")
    counter = threading.Thread(target=count)
    counter.start()
    begun = [one.begin("-m", "+job.arguments.n=range(0,20)") for one in (team, other)]
    for one, process in zip((team, other), begun, strict=True):
        done = one._end(process)
        assert "20 completed" in done.stdout, done.stdout + done.stderr
    stop.set()
    counter.join()
    assert max(most) == 2  # the slots of a node, whoever takes them


def test_a_changed_host_key_ends_it_before_anything_is_sent(team, cluster):
    team.script("print('hello')\n")
    known = cluster.home / ".ssh" / "known_hosts"
    before, other = known.read_text(), (cluster.machines[1].folder / "host.pub").read_text()
    try:
        known.write_text("".join(f"{one.address} {other}" for one in cluster.machines if one.name != "node2"))
        done = team.train("compute.hosts=[node1]", code=2)
    finally:
        known.write_text(before)
    assert "SHA256:" in done.stdout and "node1" in done.stdout


def test_a_wrong_key(team, cluster):
    team.script("print('hello')\n")
    authorized = cluster.folder / "user.pub"
    before = authorized.read_text()
    try:
        authorized.write_text((cluster.machines[0].folder / "host.pub").read_text())
        done = team.train(code=2)
    finally:
        authorized.write_text(before)
    assert "does not let" in done.stdout and "IdentityFile" in done.stdout


def test_a_node_with_a_full_disk_is_named(team, cluster):
    team.script("print('hello')\n")
    team.train()  # the others have all by then
    machine = cluster.machines[0]
    team.nodes("clean", "--all")
    team.nodes("stop")
    machine.kill()  # its sshd has to see the mount
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(machine.root)], check=True)
    try:
        machine.start()
        checked = team.nodes("check")
        assert checked.returncode == 1 and "node1: " in checked.stdout and "MB left" in checked.stdout
        done = team.train("compute.hosts=[node1]", code=2)
        assert "No space left on device" in done.stdout and "node1" in done.stdout
    finally:
        machine.kill()
        subprocess.run(["umount", str(machine.root)], check=True)
        machine.start()


@pytest.fixture
def stranger():
    """A user of this machine with another shell and no home."""
    name = "vv-no-home"
    subprocess.run(["useradd", "-M", "-p", "*", "-d", "/nonexistent", "-s", "/bin/dash", name], check=True)
    yield name
    subprocess.run(["userdel", name], check=True, capture_output=True)


def test_an_account_without_a_home_and_with_another_shell(team, cluster, stranger, tmp_path):
    team.script("import getpass\nprint('I am', getpass.getuser())\n")
    machine = cluster.machines[0]
    config = machine.folder / "config"
    before = config.read_text()
    machine.kill()
    try:
        # The account cannot read the folder of the test, so the key is read for it.
        key = f"AuthorizedKeysCommand /bin/cat {cluster.folder}/user.pub\nAuthorizedKeysCommandUser root\n"
        config.write_text(re.sub(r"SetEnv .*\n", key, before))
        machine.start()
        words = ["compute.hosts=[{host: node1, user: " + stranger + "}]"]
        done = team.train(*words, code=2)
        assert "its folder ~/.vivero-node cannot be made" in done.stdout and "compute.root=PATH" in done.stdout
        place = Path("/tmp/vv-no-home")
        assert f"I am {stranger}" in team.train(*words, f"compute.root={place}").stdout
        team.vivero("nodes", "stop", *team.words, *words, f"compute.root={place}")
        subprocess.run(["rm", "-rf", place], check=True)
    finally:
        machine.kill()
        config.write_text(before)
        machine.start()


def test_many_trials_while_nodes_die_at_random(team, cluster):
    """Every trial has exactly one result, none is lost, nothing is left."""
    team.script(
        "import sys, time\nfrom azureml.core import Run\ntime.sleep(0.2)\nRun.get_context().log('n', float(sys.argv[2]))\n"
    )
    process = team.begin("-m", "+job.arguments.n=range(0,200)", "sweep.objective=n", "compute.max_attempts=20", *LOST)
    chosen = random.Random(6)
    for _ in range(6):
        threading.Event().wait(1.5)
        machine = chosen.choice(cluster.machines)
        machine.kill()
        threading.Event().wait(chosen.random() * 2)
        machine.start()
        if process.poll() is not None:
            break
    done = team._end(process)
    assert done.returncode == 0 and "200 completed" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    values = sorted(record["finalize"]["metrics"]["n"] for record in team.records())
    assert values == [float(number) for number in range(200)]
    assert sum(run.attempts.exists() for run in team.folders()) > 0
