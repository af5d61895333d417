"""The tests of this folder have a Dask cluster of three machines, and a user who has its address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.nodes.dask import DaskCluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask-cluster")) as cluster:
        yield cluster
