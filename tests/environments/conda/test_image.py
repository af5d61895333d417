"""Conda packages in a container image."""

import subprocess

import pytest

from runner.environments.docker.environment import DockerEnvironment
from runner.errors import UserError
from runner.schema import DockerEnvironmentConfig, ImageSpecConfig
from tests.contracts.environment_contract import said
from tests.environments.docker.conftest import base_image, engine, swept  # noqa: F401


@pytest.fixture
def environment(layout, channel, base_image, swept):  # noqa: F811 - the fixtures imported
    def make(**spec):
        asked = ImageSpecConfig(**{"kind": "conda", "packages": ["greeting"], "channels": [str(channel)], **spec})
        return DockerEnvironment(layout, DockerEnvironmentConfig(base_image=base_image, spec=asked))

    return make


def test_conda_packages_are_put_onto_a_base_image(environment, host):
    handle = environment().prepare(host, said)
    assert handle.record.python == "/opt/vivero/bin/python" and handle.record.prefix == "/opt/vivero"
    done = subprocess.run(handle.argv(["greet"]), capture_output=True, text=True, timeout=60)
    assert done.stdout == "hello from /opt/vivero\n", done.stderr
    again = environment().prepare(host, said)
    assert again.record.cached and again.record.image_id == handle.record.image_id


def test_what_no_channel_has_is_named(environment, host):
    with pytest.raises(UserError, match="no-such-thing"):
        environment(packages=["no-such-thing"]).prepare(host, said)
