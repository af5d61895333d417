"""One fit over all nodes: a Dask cluster of the run's own, which nobody else can talk to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.nodes.cluster import SshCluster
from tests.support.nodes.spread import FOREST, Spread
from tests.support.suite.covered import CLUSTERS
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.slow("builds an environment on three nodes", seconds=120),
    pytest.mark.sampled(3, covers=CLUSTERS),
]


LONG = (
    "import os, time\nfrom joblib import Parallel, delayed\n"
    "def slow(n):\n    import time\n    time.sleep(0.5)\n    return n\n"
    "print('begun', flush=True)\n"
    "print(sum(Parallel(n_jobs=-1)(delayed(slow)(n) for n in range(60))))\n"
)


@pytest.fixture(scope="module")
def spread(cluster: SshCluster) -> Iterator[Spread]:
    """A team whose nodes have an environment for spread fits."""
    team = Spread(cluster, "spread", send_packages="true", scale_out="true")
    team.script(LONG, "long.py")
    output = team.build()
    yield team
    team.stop()
    assert "Dask dashboard: http://127.0.0.1:" in output


def test_an_unmodified_script_is_spread_with_the_same_results(spread: Spread, cluster: SshCluster) -> None:
    spread.train(*FOREST)  # all nodes have the environment
    away = spread.found()
    script = ["job.source=src", "job.script=train.py"]
    at_home = spread.run(*script, *FOREST, "compute=local", "experiment_name=home")
    assert at_home.returncode == 0, at_home.stdout + at_home.stderr
    here = spread.found("home")
    assert away["hosts"] == [machine.host_name for machine in cluster.machines] and len(here["hosts"]) == 1
    assert {**away, "hosts": 0, "ahead": 0} == {**here, "hosts": 0, "ahead": 0}
    assert away["ahead"][0] == away["ahead"][1] > 2 and here["ahead"] is None  # what is sent ahead is everywhere
    assert away["shared"] == 1 and away["children"] is False


def answered(connection: socket.socket) -> None:
    """Say something and return the answer; an end without one is an error."""
    connection.settimeout(10)
    connection.sendall(b"\x00" * 64)
    while piece := connection.recv(1 << 16):  # dask says first which compressions it knows, to whoever it may be
        assert b"heartbeat" not in piece and b"workers" not in piece
    raise ConnectionError("closed")


def test_a_stranger_is_refused_and_the_dashboard_is_seen(spread: Spread, cluster: SshCluster, tmp_path: Path) -> None:
    before = len(spread.folders())
    process = spread.begin(*FOREST, "job.arguments=[wait]")
    wait_for(lambda: len(spread.folders()) > before)
    spread.wait_for_log("begun", 60)
    run, machine = spread.folders()[-1], spread.node()
    place = json.loads(run.job.read_text())["folder"]
    engine = machine.root / "engines" / f"{place}.scheduler"
    address = json.loads((engine / "address.json").read_text())["address"]
    match = re.fullmatch(r"tls://(.+):(\d+)", address)
    assert match is not None
    host, port = match.groups()
    assert oct((machine.root).stat().st_mode & 0o777) == "0o700"
    with pytest.raises(ConnectionError), socket.create_connection((host, int(port)), 5) as plain:
        answered(plain)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c",
         "-days", "1", "-subj", "/CN=vivero node"], check=True, capture_output=True,
    )  # fmt: skip
    for certificate in (None, (tmp_path / "c", tmp_path / "k")):
        context = ssl.create_default_context(cafile=str(engine / "ca.pem"))
        context.check_hostname = False
        if certificate is not None:
            context.load_cert_chain(*map(str, certificate))
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection((host, int(port)), 5) as bare:
            answered(context.wrap_socket(bare))
    spread.go()
    done = spread.finish(process)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_killed_worker_process_or_a_lost_node_does_not_end_the_fit(spread: Spread, cluster: SshCluster) -> None:
    before = len(spread.folders())
    process = spread.begin(*FOREST, "job.script=long.py")
    wait_for(lambda: len(spread.folders()) > before)
    spread.wait_for_log("begun", 60)
    machine = next(machine for machine in cluster.machines if machine is not spread.node())
    wait_for(partial(machine.pids, "node.engine"))
    machine.kill()
    done = spread.finish(process)
    machine.start()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1770" in done.stdout


def test_the_scheduler_is_killed_and_the_run_ends_with_a_reason(spread: Spread) -> None:
    before = len(spread.folders())
    process = spread.begin(*FOREST, "job.script=long.py")
    wait_for(lambda: len(spread.folders()) > before)
    spread.wait_for_log("begun", 60)
    os.kill(spread.node().pids("node.engine scheduler")[0], signal.SIGKILL)
    done = spread.finish(process)
    assert done.returncode == 2, done.stdout + done.stderr
    assert spread.records()[-1]["status"] == "failed" and spread.records()[-1]["error"]


def test_the_folds_of_a_declared_training_are_spread_with_the_same_scores(spread: Spread) -> None:
    words = [
        "train.data=sklearn:iris", "estimator=random_forest", "estimator.n_estimators=10", "train.cross_validation=9",
        "train.permutation_repeats=1", "model.register=none", *FOREST, "environment.packages=[scikit-learn,pandas]",
    ]  # fmt: skip
    for where in (spread.words, ["compute=local"]):
        done = spread.run(*where, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.findall(r"Fold (\d) of 9", done.stdout) == list("123456789")
    here, away = json.loads(spread.vivero("runs", "--limit", "2", "--json").stdout)
    timed = {"fit_seconds": 0, "score_seconds": 0}
    assert {**away["metrics"], **timed} == {**here["metrics"], **timed}
