"""A real engine, a base image, and the certainty that nothing of a test stays in it."""

import secrets

import pytest

from runner.environments.docker.engine import WORKSPACE, connect
from runner.errors import UserError
from tests.conftest import missing

BASE = "vivero-test-base:bookworm"


@pytest.fixture(scope="session")
def engine():
    try:
        client = connect()
    except UserError as mistake:
        missing(str(mistake))
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_image(engine):
    """Debian with its Python: see .ci/engine."""
    if not engine.images.list(BASE):
        missing(f"there is no image {BASE}: .ci/engine makes it")
    return BASE


@pytest.fixture
def swept(engine, tmp_path):
    """Find what a test made in the engine, and remove it afterwards."""

    def ours(listed):
        return [one for one in listed if str(one.labels.get(WORKSPACE, "")).startswith(str(tmp_path))]

    def containers():
        return ours(engine.containers.list(all=True, ignore_removed=True))

    yield containers
    for one in containers():
        one.remove(force=True)
    for one in ours(engine.images.list()):
        engine.images.remove(one.id, force=True)


@pytest.fixture
def name():
    """Return a name that no other test has."""
    return f"vivero-test-{secrets.token_hex(4)}"
