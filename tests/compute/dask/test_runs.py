"""Runs on the machines of a Dask cluster: what holds for those reached by SSH holds here."""

import json
import os
import shutil

import pytest
from omegaconf import OmegaConf

from runner.compute.cluster.compute import ClusterCompute
from runner.compute.dask import DaskMachines
from runner.environments.venv import VenvEnvironment
from runner.hosts.dask.client import host_of
from runner.layout import Layout
from runner.schema import DaskComputeConfig
from tests.compute.ssh.team import COUNTING, Team, lines
from tests.compute.ssh.test_bad_days import (  # noqa: F401 - the same tests, with this cluster
    test_a_killed_agent_or_keeper_does_not_touch_the_run,
    test_a_node_is_lost_and_the_run_begins_again_elsewhere,
    test_many_trials_while_nodes_die_at_random,
    test_the_controller_is_killed_and_the_node_too,
)
from tests.compute.ssh.test_bad_days import test_a_link_is_cut_for_a_while as cut_for_a_while
from tests.compute.ssh.test_runs import (  # noqa: F401
    process_file,
    sent,
    test_a_machine_that_comes_later_brings_its_slots,
    test_a_model_is_registered_by_the_script_and_by_the_run,
    test_a_run_is_as_at_home,
    test_a_sweep_fills_the_slots_of_all_nodes,
    test_ctrl_c_cancels,
    test_detached_it_goes_on_by_itself,
    test_nodes_are_shown_checked_cleaned_stopped,
    test_the_controller_is_killed_and_the_run_lives,
    test_vivero_cancel,
)
from tests.compute.ssh.test_scaling import BESIDE, FOREST, SCRIPT, found
from tests.contracts.compute_contract import ComputeContract
from tests.waiting import wait_for


class TestDask(ComputeContract):
    @pytest.fixture
    def compute(self, cluster):
        self.cluster = cluster
        place = cluster.certificates
        tls = {"ca_file": f"{place}/ca.pem", "cert": f"{place}/cert.pem", "key": f"{place}/key.pem"}
        words = {"scheduler_file": str(cluster.folder / "scheduler.json"), "tls": tls, "max_attempts": 2}
        config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(DaskComputeConfig), words))
        compute = ClusterCompute(config, DaskMachines(config, cluster.folder), several=False, say=print)
        yield compute
        compute.close()

    @pytest.fixture
    def handle(self, compute, tmp_path):
        return VenvEnvironment(Layout(tmp_path / "workspace")).prepare(compute.host(), print)

    def process_file(self, run):
        return process_file(run, self.cluster)


def test_the_links_to_all_are_cut_for_a_while(team, cluster):
    cut_for_a_while(team, cluster, all_of_them=True)


@pytest.mark.slow
def test_one_fit_is_spread_over_the_machines(cluster, tmp_path):
    team = Team(tmp_path / "spread", cluster, send_packages="true", scale_out="true")
    team.script(SCRIPT)
    team.script(BESIDE, "beside.py")
    process = team.begin(*FOREST, "job.arguments=[wait]")
    for one in cluster.machines:  # those that have to build the environment first join late
        wait_for(lambda one=one: any("engine.py worker" in line for line in one.left().values()), 120)
    place = json.loads(team.folders()[-1].node.read_text())["folder"]
    (team.node().root / "runs" / place / "work" / "outputs" / "go").touch()
    assert team._end(process).returncode == 0
    done = team.train(*FOREST)
    assert "dashboard is at http://127.0.0.1:" in done.stdout
    assert found(team)["homes"] == [str(one.folder) for one in cluster.machines], done.stdout + done.stderr
    for one in cluster.machines:
        wait_for(lambda one=one: not any("engine.py" in line for line in one.left().values()), 60)
    team.nodes("stop", "--runs")
    team.nodes("clean", "--all")


def test_what_is_there_is_not_sent_again_to_dask(team, cluster):
    team.script("print('hello')\n")
    (team.folder / "src" / "large.bin").write_bytes(os.urandom(2_000_000))
    team.train()
    before = sent(cluster)
    team.train()
    assert sum(sent(cluster).values()) - sum(before.values()) < 300_000


def test_a_run_is_a_task_of_the_cluster_as_long_as_it_goes_on(team, cluster):
    team.script(COUNTING.format(many=30, pause=0.1))
    process = team.begin()
    team.wait_for_log("line 3")
    name = team.node().name
    with cluster.client() as client:

        def tasks():
            found = {host_of(worker): keys for worker, keys in client.processing().items()}
            return [host for host, keys in found.items() if any(key.startswith("vivero-src-") for key in keys)]

        assert wait_for(tasks) == [name]
        done = team._end(process)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_for(lambda: not tasks())


def test_files_are_named_from_where_the_command_was_started(team, cluster):
    shutil.copy(cluster.folder / "scheduler.json", team.folder / "here.json")
    team.script(COUNTING.format(many=20, pause=0.1))
    process = team.begin("compute.scheduler_file=here.json")
    team.wait_for_log("line 3")
    process.kill()
    process.communicate()
    assert team.wait_for_end()["status"] == "completed" and team.folders()[-1].log.read_text() == lines(20)
