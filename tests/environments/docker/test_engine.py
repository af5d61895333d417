"""An engine that goes away, or whose disk is full: one of the test's own."""

import json

import pytest

from runner.environments.docker.environment import DockerEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.schema import DockerEnvironmentConfig, ImageSpecConfig
from tests.waiting import wait_for


@pytest.mark.slow
@pytest.mark.parametrize("comes_back", [True, False])
def test_an_engine_that_is_stopped_during_a_run(private_engine, command_line, base_image, comes_back):
    command_line.script("import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.05)\n")
    variables = {"DOCKER_HOST": private_engine.address, "VIVERO_ENGINE_RETURNS": "60" if comes_back else "2"}
    process = command_line.start(
        "runner", "job.source=src", "job.script=train.py", "environment=docker", f"environment.image={base_image}",
        "environment.network=none", variables=variables,
    )  # fmt: skip
    layout = Layout(command_line.workspace)
    logs = lambda: [path for path in layout.runs.glob("*/*/logs/run.log") if "begun" in path.read_text()]  # noqa: E731
    wait_for(logs, 60)
    private_engine.stop()
    if comes_back:
        client = private_engine.start()
    out, err = process.communicate(timeout=90)
    assert process.returncode == 2 and b"why       the container" in out and b"engine" in out, out + err
    if comes_back:
        wait_for(lambda: not client.containers.list(all=True))
    else:
        private_engine.start()
    (record,) = layout.runs.glob("*/*/run.json")
    assert json.loads(record.read_text())["status"] == "failed"


@pytest.mark.slow
def test_a_disk_that_is_full(private_engine, base_image, tmp_path, monkeypatch):
    """It is said, and leaves neither a container nor a named image."""
    import docker

    monkeypatch.setenv("DOCKER_HOST", private_engine.address)
    client = docker.DockerClient(private_engine.address)
    (private_engine.disk / "ballast").write_bytes(b"x" * (300 << 20))
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {base_image}\nRUN head -c 400m /dev/zero > /large\n")
    config = DockerEnvironmentConfig(dockerfile=str(folder / "Dockerfile"), spec=ImageSpecConfig())
    with pytest.raises(UserError, match=r"(?i)no space left on device"):
        DockerEnvironment(Layout(tmp_path / "w"), config).prepare(LocalHost(), print)
    assert not client.containers.list(all=True) and not client.images.list("vivero")
