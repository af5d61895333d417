"""Engines in other places, and one of the test's own that goes away, or whose disk is full."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
from runner.environments.docker.environment import DockerEnvironment
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.support.command_line import CommandLine
from tests.support.components import missing
from tests.support.hosts.sshd import Sshd
from tests.support.timeouts import short
from tests.support.waiting import wait_for


@pytest.mark.slow("starts an engine of its own")
@pytest.mark.parametrize("comes_back", [True, False])
def test_an_engine_that_is_stopped_during_a_run(
    private_engine: Any, command_line: CommandLine, base_image: Any, comes_back: bool
) -> None:
    command_line.script("import time\nprint('begun', flush=True)\nwhile True: time.sleep(0.05)\n")
    variables = {"DOCKER_HOST": private_engine.address, "VIVERO_TIMEOUTS": short(engine_return=60 if comes_back else 2)}
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


@pytest.mark.slow("starts an engine of its own")
def test_a_disk_that_is_full(
    private_engine: Any, base_image: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_an_engine_behind_ssh(command_line: CommandLine, base_image: Any, tmp_path: Path) -> None:
    """One that sees this machine's files: a run in a container there, its output, its files, its end."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    command_line.script("import os\nprint('uid', os.getuid())\nopen('outputs/made', 'w').write('here')\n")
    with Sshd(folder) as sshd:
        variables = {
            "DOCKER_HOST": f"ssh://{sshd.user}@127.0.0.1:{sshd.port}",
            "PATH": f"{sshd.bin}:{os.environ['PATH']}",
        }
        words = ["environment=docker", f"environment.image={base_image}", "environment.network=none"]
        done = command_line.job(*words, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"uid {os.getuid()}" in done.stdout
        (made,) = command_line.workspace.glob("runs/*/*/outputs/made")
        assert made.read_text() == "here"
    refused = command_line.job(*words, variables=variables)
    assert refused.returncode == 2 and "No container engine answers at ssh://" in refused.stdout + refused.stderr


def test_the_engine_of_docker_s_context(
    command_line: CommandLine, engine: Any, base_image: Any, tmp_path: Path
) -> None:
    """The current context says where the engine is, unless DOCKER_HOST does."""
    if shutil.which("docker") is None:
        missing("there is no docker command")
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    (tmp_path / "engine.sock").symlink_to(address.removeprefix("unix://"))
    variables = {**os.environ, "DOCKER_CONFIG": str(tmp_path / "config")}
    variables.pop("DOCKER_HOST", None)
    for name, socket in (("here", tmp_path / "engine.sock"), ("away", tmp_path / "nowhere.sock")):
        made = ["docker", "context", "create", name, "--docker", f"host=unix://{socket}"]
        subprocess.run(made, env=variables, check=True, capture_output=True)
    command_line.script("print('begun')\n")
    words = ["environment=docker", f"environment.image={base_image}", "environment.network=none"]
    codes = []
    for name in ("here", "away"):
        subprocess.run(["docker", "context", "use", name], env=variables, check=True, capture_output=True)
        done = command_line.job(*words, variables=variables)
        codes.append(done.returncode)
    assert codes == [0, 2] and "nowhere.sock" in done.stdout


def test_a_name_that_no_image_can_have_hides_no_other_size(base_image: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from runner.api.environments.images import image_sizes

    sizes = image_sizes(["x" * 400, "A b", str(base_image), "gone:1"])
    assert list(sizes) == [str(base_image)] and sizes[str(base_image)] > 0
    assert capsys.readouterr().err == ""
