"""The contracts of environments and computes, in containers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.compute.local.compute import LocalCompute
from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
from runner.environments.docker.environment import DockerEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.ports.host import Host
from tests.contracts.compute_contract import ENDLESS, ComputeContract
from tests.contracts.environment_contract import EnvironmentContract, said
from tests.support.waiting import wait_for

pytestmark = pytest.mark.usefixtures("swept")


@pytest.fixture
def environment(tmp_path: Path, base_image: Any) -> Any:
    def make() -> Any:
        spec = ImageSpecConfig(packages=["six==1.16.0"])
        return DockerEnvironment(Layout(tmp_path / "w"), DockerEnvironmentConfig(base_image=base_image, spec=spec))

    return make


@pytest.fixture
def host() -> Host:
    return LocalHost()


class TestDockerEnvironment(EnvironmentContract):
    pass


class TestLocalComputeWithContainers(ComputeContract):
    @pytest.fixture
    def compute(self) -> Iterator[Any]:
        compute = LocalCompute()
        yield compute
        compute.close()

    @pytest.fixture
    def handle(self, environment: Any, host: Host, swept: Any) -> Any:
        self.swept = swept
        return environment().prepare(host, said)

    def test_kill_ends_everything_at_once(self, submit: Any) -> None:
        """Numbers of processes inside say nothing outside: nothing is left when the container is gone."""
        job, run = submit(f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{ENDLESS}")
        wait_for(lambda: run.log.exists() and "begun" in run.log.read_text(), 30)
        job.cancel(kill=True)
        wait_for(lambda: job.wait(1), 10)
        assert not self.swept()

    def test_the_worker_is_in_a_session_of_its_own(self, submit: Any) -> None:
        job, run = submit(ENDLESS)
        wait_for(lambda: run.log.exists() and "begun" in run.log.read_text(), 30)
        pid = int(run.attendant_lock.read_text())
        assert os.getsid(pid) == pid and not run.process.exists()
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: job.wait(1), 30)
