"""Three machines, and a user who has them as a cluster."""

import os
import shutil

import pytest

from tests.cluster import Cluster
from tests.compute.ssh.team import Team
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def team(cluster, tmp_path):
    """A user; nothing but what is kept warm is left on the nodes afterwards."""
    team = Team(tmp_path / "team", cluster)
    yield team
    try:
        _left_as_it_was(team, cluster)
    finally:
        for one in cluster.machines:  # whatever went wrong is not the next test's trouble
            shutil.rmtree(one.root / "runs", ignore_errors=True)


def _left_as_it_was(team, cluster):
    team.end()
    for one in cluster.machines:
        one.mend()
        if not one.processes():
            one.start()
    cluster.settle()
    done = team.nodes("stop", "--runs")
    assert done.returncode == 0, done.stdout + done.stderr
    team.nodes("clean")
    for one in cluster.machines:
        wait_for(lambda one=one: not one.left(), 40)
        assert not (one.root / "runs").exists() or not os.listdir(one.root / "runs"), one.name
