"""``vivero environments`` where environments are images."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
from runner.environments.docker.engine import WORKSPACE
from runner.environments.docker.environment import DockerEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.support.command_line import CommandLine

pytestmark = pytest.mark.usefixtures("swept")


def make(line: CommandLine, base_image: Any) -> Any:
    config = DockerEnvironmentConfig(base_image=base_image, spec=ImageSpecConfig(packages=["six==1.10.0"]))
    return DockerEnvironment(Layout(line.workspace), config).prepare(LocalHost(), print).record


def test_an_image_is_listed_exported_and_goes_with_its_environment(
    command_line: CommandLine, base_image: Any, engine: Any, tmp_path: Path
) -> None:
    record = make(command_line, base_image)
    (row,) = json.loads(command_line.vivero("environments", "--json").stdout)
    assert (row["kind"], row["image"]) == ("docker", record.image) and row["bytes"] > 50 << 20
    target = tmp_path / "taken"
    assert command_line.vivero("environments", "export", record.key, "--output", str(target)).returncode == 0
    assert "--require-hashes" in (target / "Dockerfile").read_text()
    assert "1 of 1" in command_line.vivero("environments", "prune").stdout
    assert not engine.images.list(record.image)


def test_an_image_of_another_workspace_stays(
    command_line: CommandLine, base_image: Any, engine: Any, tmp_path: Path
) -> None:
    record = make(command_line, base_image)
    other = type(command_line)(tmp_path / "other")
    other.folder.mkdir()
    assert make(other, base_image).image_id == record.image_id
    assert "1 of 1" in other.vivero("environments", "prune").stdout
    assert engine.images.get(record.image).labels[WORKSPACE] == str(command_line.workspace)


def test_without_an_engine_the_files_go_and_it_is_said(command_line: CommandLine, base_image: Any) -> None:
    make(command_line, base_image)
    nowhere = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    done = command_line.vivero("environments", "prune", variables=nowhere)
    assert done.returncode == 0 and "its image was kept: No container engine answers" in done.stdout
    assert "unknown" not in done.stdout and command_line.vivero("environments", "--json").stdout.strip() == "[]"
