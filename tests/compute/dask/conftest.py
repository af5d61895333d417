"""A Dask cluster of three machines, and a user who has its address."""

import pytest

from tests.compute.ssh.conftest import team  # noqa: F401 - the same user
from tests.dask_cluster import DaskCluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with DaskCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster
