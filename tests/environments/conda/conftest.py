"""A second channel, and environments from both."""

from pathlib import Path
from typing import Any

import pytest

from runner.environments.conda.environment import CondaEnvironment
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.ports.host import Host
from tests.support import channels


@pytest.fixture(scope="session", autouse=True)
def _package_cache(package_cache: Any) -> None:
    """No test here uses the cache of whoever runs it."""


@pytest.fixture(scope="session")
def other_channel(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A channel with a newer banner, and one of the same name, version and build as the first channel's."""
    folder = tmp_path_factory.mktemp("other")
    channels.build_banner(folder, "2.0")
    channels.build(folder, "banner", "1.0", ["mkdir $PREFIX/bin; echo other > $PREFIX/bin/banner"])
    return folder


@pytest.fixture
def host() -> Host:
    return LocalHost()


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return Layout(tmp_path / "w")


@pytest.fixture
def make(layout: Layout, channel: Any) -> Any:
    """Make an environment with what the channel has."""

    def make(**settings: Any) -> Any:
        return CondaEnvironment(layout, **{"packages": ["greeting"], "channels": [str(channel)], **settings})

    return make
