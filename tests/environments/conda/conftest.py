import os

import pytest

from runner.environments.conda.environment import CondaEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from tests.environments.conda import channels


@pytest.fixture(scope="session", autouse=True)
def package_cache(tmp_path_factory):
    """A package cache of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RATTLER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        for name in [name for name in os.environ if name.startswith("CONDA_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def channel(tmp_path_factory):
    """A channel with a Python, a package of pure Python, and one that names its prefix."""
    folder = tmp_path_factory.mktemp("channel")
    channels.build_python(folder, tmp_path_factory.mktemp("work"))
    channels.build_banner(folder)
    channels.build_greeting(folder)
    channels.build(folder, "for-gpus", "1.0", ["mkdir $PREFIX/gpus; touch $PREFIX/gpus/here"], needs=["__cuda >=12"])
    return folder


@pytest.fixture(scope="session")
def other_channel(tmp_path_factory):
    """A channel with a newer banner, and one of the same name, version and build as the first channel's."""
    folder = tmp_path_factory.mktemp("other")
    channels.build_banner(folder, "2.0")
    channels.build(folder, "banner", "1.0", ["mkdir $PREFIX/bin; echo other > $PREFIX/bin/banner"])
    return folder


@pytest.fixture
def host():
    return LocalHost()


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "w")


@pytest.fixture
def make(layout, channel):
    """Make an environment with what the channel has."""

    def make(**settings):
        return CondaEnvironment(layout, **{"packages": ["greeting"], "channels": [str(channel)], **settings})

    return make
