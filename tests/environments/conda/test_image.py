"""Conda packages in a container image."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
from runner.environments.docker.environment import DockerEnvironment
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host
from tests.contracts.environment_contract import said
from tests.support.projects import write_project


@pytest.fixture
def environment(layout: Layout, channel: Any, base_image: Any, swept: Any) -> Any:
    def make(**spec: Any) -> Any:
        image_spec = ImageSpecConfig(**{"kind": "conda", "packages": ["greeting"], "channels": [str(channel)], **spec})
        return DockerEnvironment(layout, DockerEnvironmentConfig(base_image=base_image, spec=image_spec))

    return make


def test_conda_packages_are_put_onto_a_base_image(environment: Any, host: Host) -> None:
    handle = environment().prepare(host, said)
    assert handle.record.python == "/opt/vivero/bin/python" and handle.record.prefix == "/opt/vivero"
    done = subprocess.run(handle.argv(["greet"]), capture_output=True, text=True, timeout=60)
    assert done.stdout == "hello from /opt/vivero\n", done.stderr
    again = environment().prepare(host, said)
    assert again.record.cached and again.record.image_id == handle.record.image_id


def test_what_no_channel_has_is_named(environment: Any, host: Host) -> None:
    with pytest.raises(UserError, match="no-such-thing"):
        environment(packages=["no-such-thing"]).prepare(host, said)


def test_a_pip_part_of_this_machine(environment: Any, host: Host, tmp_path: Path) -> None:
    write_project(tmp_path / "mine")
    (tmp_path / "e.yml").write_text("dependencies: [python, {pip: [./mine]}]\n")
    handle = environment(packages=[], file=str(tmp_path / "e.yml")).prepare(host, said)
    done = subprocess.run(handle.argv(["python", "-c", "import scores; print(scores.VALUE)"]), capture_output=True)
    assert done.stdout == b"1\n", done.stderr
