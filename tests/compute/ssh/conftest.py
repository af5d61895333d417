"""The tests of this folder have three machines that are reached by SSH, and a user who has a key to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.nodes.cluster import SshCluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshCluster]:
    with SshCluster(tmp_path_factory.mktemp("ssh-cluster")) as cluster:
        yield cluster
