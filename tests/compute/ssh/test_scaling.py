"""One fit over all nodes: a Dask cluster of the run's own, which nobody else can talk to."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest

from tests.compute.ssh.team import Team
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

SCRIPT = """
import json, os, sys, time
from joblib import Parallel, delayed
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import SVC
from beside import slow

def where(_):
    import time
    time.sleep(0.2)
    return os.environ["HOME"]

X, y = load_iris(return_X_y=True)
search = GridSearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, n_jobs=-1).fit(X, y)
found = {
    "homes": sorted(set(Parallel(n_jobs=-1)(delayed(where)(n) for n in range(36)))),
    "sum": sum(Parallel(n_jobs=-1)(delayed(slow)(n) for n in range(12))),
    "best": search.best_params_,
    "scores": search.cv_results_["mean_test_score"].tolist(),
    "cross": cross_val_score(SVC(), X, y, n_jobs=-1).tolist(),
    "forest": RandomForestClassifier(20, n_jobs=-1, random_state=0).fit(X, y).predict_proba(X[:5]).tolist(),
    "shared": len(set(Parallel(n_jobs=2, require="sharedmem")(delayed(os.getpid)() for _ in range(4)))),
    "children": "VIVERO_ENGINE" in os.environ,
    "ahead": None,
}
if "distributed" in sys.modules:
    client = sys.modules["distributed"].get_client()
    ahead = client.scatter(X)
    found["ahead"] = [len(client.who_has([ahead])[ahead.key]), len(client.ncores())]
with open("outputs/found.json", "w") as file:
    json.dump(found, file)
print("begun", flush=True)
while len(sys.argv) > 1 and not os.path.exists("outputs/go"):
    time.sleep(0.05)
"""
BESIDE = "import time\ndef slow(n):\n    time.sleep(0.05)\n    return n * 2\n"
FOREST = ["environment=sklearn-1.9"]


@pytest.fixture(scope="module")
def spread(cluster, tmp_path_factory):
    """A team whose nodes have an environment for spread fits."""
    team = Team(tmp_path_factory.mktemp("spread"), cluster, send_packages="true", scale_out="true")
    team.script(SCRIPT)
    team.script(BESIDE, "beside.py")
    process = team.begin(*FOREST, "job.arguments=[wait]")
    for one in cluster.machines:  # those that have to build the environment first join late
        wait_for(lambda one=one: any("engine.py worker" in line for line in one.left().values()), 120)
    team.wait_for_log("begun", 60)
    place = json.loads(team.folders()[-1].node.read_text())["folder"]
    (team.node().root / "runs" / place / "work" / "outputs" / "go").touch()
    done = team._end(process)
    assert done.returncode == 0, done.stdout + done.stderr
    yield team
    team.end()
    assert "dashboard is at http://127.0.0.1:" in done.stdout
    for one in cluster.machines:
        wait_for(lambda one=one: not any("engine.py" in line for line in one.left().values()), 60)
    team.nodes("stop", "--runs")
    team.nodes("clean", "--all")


def found(team):
    return json.loads((team.folders()[-1].outputs / "found.json").read_text())


def test_an_unmodified_script_is_spread_with_the_same_results(spread, cluster):
    spread.train(*FOREST)  # all nodes have the environment
    away = found(spread)
    at_home = spread._end(
        spread.start(
            "runner", "job.source=src", "job.script=train.py", *FOREST, "compute=local", "experiment_name=home"
        )
    )
    assert at_home.returncode == 0, at_home.stdout + at_home.stderr
    here = json.loads(next(spread.workspace.glob("runs/home/*/outputs/found.json")).read_text())
    assert away["homes"] == [str(one.folder) for one in cluster.machines] and len(here["homes"]) == 1
    assert {**away, "homes": 0, "ahead": 0} == {**here, "homes": 0, "ahead": 0}
    assert away["ahead"][0] == away["ahead"][1] > 2 and here["ahead"] is None  # what is sent ahead is everywhere
    assert away["shared"] == 1 and away["children"] is False


def answered(connection):
    """Say something and return the answer; an end without one is an error."""
    connection.settimeout(10)
    connection.sendall(b"\x00" * 64)
    while piece := connection.recv(1 << 16):  # dask says first which compressions it knows, to whoever it may be
        assert b"heartbeat" not in piece and b"workers" not in piece
    raise ConnectionError("closed")


def test_a_stranger_is_refused_and_the_dashboard_is_seen(spread, cluster, tmp_path):
    before = len(spread.folders())
    process = spread.begin(*FOREST, "job.arguments=[wait]")
    wait_for(lambda: len(spread.folders()) > before)
    spread.wait_for_log("begun", 60)
    run, machine = spread.folders()[-1], spread.node()
    place = json.loads(run.node.read_text())["folder"]
    engine = machine.root / "engines" / f"{place}.scheduler"
    address = json.loads((engine / "address.json").read_text())["address"]
    host, port = re.fullmatch(r"tls://(.+):(\d+)", address).groups()
    assert oct((machine.root).stat().st_mode & 0o777) == "0o700"
    with pytest.raises(ConnectionError), socket.create_connection((host, int(port)), 5) as plain:
        answered(plain)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c",
         "-days", "1", "-subj", "/CN=vivero node"], check=True, capture_output=True,
    )  # fmt: skip
    for own in (None, (tmp_path / "c", tmp_path / "k")):
        context = ssl.create_default_context(cafile=str(engine / "ca.pem"))
        context.check_hostname = False
        if own is not None:
            context.load_cert_chain(*map(str, own))
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection((host, int(port)), 5) as bare:
            answered(context.wrap_socket(bare))
    (machine.root / "runs" / place / "work" / "outputs" / "go").touch()
    done = spread._end(process)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_killed_worker_process_or_a_lost_node_does_not_end_the_fit(spread, cluster):
    spread.script(
        "import os, time\nfrom joblib import Parallel, delayed\n"
        "def slow(n):\n    import time\n    time.sleep(0.5)\n    return n\n"
        "print('begun', flush=True)\n"
        "print(sum(Parallel(n_jobs=-1)(delayed(slow)(n) for n in range(60))))\n",
        "long.py",
    )
    before = len(spread.folders())
    process = spread.begin(*FOREST, "job.script=long.py")
    wait_for(lambda: len(spread.folders()) > before)
    spread.wait_for_log("begun", 60)
    machine = next(one for one in cluster.machines if one is not spread.node())
    wait_for(lambda: any("engine.py" in line for line in machine.left().values()))
    machine.kill()
    done = spread._end(process)
    machine.start()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1770" in done.stdout


def test_the_scheduler_is_killed_and_the_run_ends_with_a_reason(spread):
    before = len(spread.folders())
    process = spread.begin(*FOREST, "job.script=long.py")
    wait_for(lambda: len(spread.folders()) > before)
    spread.wait_for_log("begun", 60)
    scheduler = [pid for pid, line in spread.node().left().items() if "engine.py scheduler" in line]
    os.kill(scheduler[0], signal.SIGKILL)
    done = spread._end(process)
    assert done.returncode == 2, done.stdout + done.stderr
    assert spread.records()[-1]["status"] == "failed" and spread.records()[-1]["error"]
