"""Runs on the machines of a Dask cluster: what holds for those reached by SSH holds here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from omegaconf import OmegaConf

from runner.compute.cluster.compute import ClusterCompute
from runner.compute.dask import DaskComputeConfig, DaskMachines
from runner.hosts.dask.client import host_of
from tests.contracts.cluster_contract import ClusterComputeContract, ClusterRunsContract
from tests.support.nodes.dask import DaskCluster
from tests.support.nodes.spread import FOREST, Spread
from tests.support.nodes.team import COUNTING, Team, lines
from tests.support.suite.covered import CLUSTERS
from tests.support.waiting import wait_for

pytestmark = pytest.mark.sampled(6, covers=CLUSTERS)


class TestCompute(ClusterComputeContract):
    @pytest.fixture
    def compute(self, cluster: DaskCluster) -> Iterator[ClusterCompute]:
        place = cluster.certificates
        tls = {"ca_file": f"{place}/ca.pem", "cert": f"{place}/cert.pem", "key": f"{place}/key.pem"}
        words = {"scheduler_file": str(cluster.scheduler_file), "tls": tls, "max_attempts": 2}
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(DaskComputeConfig), words))
        compute = ClusterCompute(config, DaskMachines(config, cluster.folder), several=False, say=print)
        yield compute
        compute.close()


class TestRuns(ClusterRunsContract):
    pass


@pytest.mark.slow("builds an environment on three nodes", seconds=120)
def test_one_fit_is_spread_over_the_machines(cluster: DaskCluster) -> None:
    team = Spread(cluster, "spread", send_packages="true", scale_out="true")
    try:
        team.build()
        done = team.train(*FOREST)
        assert "Dask dashboard: http://127.0.0.1:" in done.stdout
        assert team.found()["hosts"] == [machine.host_name for machine in cluster.machines], done.stdout + done.stderr
    finally:
        team.stop()


def test_workers_may_have_other_versions_than_the_user(team: Team) -> None:
    """They have other packages at least: none that only the user's scripts or this project need."""
    team.script("print('hello')\n")
    assert team.train().stderr == ""


def test_what_is_there_is_not_sent_again_to_dask(team: Team, cluster: DaskCluster) -> None:
    team.script("print('hello')\n")
    (team.folder / "src" / "large.bin").write_bytes(os.urandom(2_000_000))
    team.train()
    before = cluster.received()
    team.train()
    assert cluster.received() - before < 300_000


def test_a_run_is_a_task_of_the_cluster_as_long_as_it_goes_on(team: Team, cluster: DaskCluster) -> None:
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    name = team.node().name
    with cluster.client() as client:

        def tasks() -> list[str]:
            processing = {host_of(worker): keys for worker, keys in client.processing().items()}
            return [host for host, keys in processing.items() if any(key.startswith("vivero-src-") for key in keys)]

        assert wait_for(tasks) == [name]
        done = team.finish(process)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_for(lambda: not tasks())


def test_files_are_named_from_where_the_command_was_started(team: Team, cluster: DaskCluster) -> None:
    shutil.copy(cluster.scheduler_file, team.folder / "here.json")
    team.script(COUNTING.format(many=20, pause=0.1))
    process = team.begin("compute.scheduler_file=here.json")
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    assert team.wait_for_end()["status"] == "completed" and team.folders()[-1].log.read_text() == lines(20)
