"""Runs tests that share something expensive on the same xdist worker, so that it is built once.

xdist reads its own groups from marks, under a name that pytest 9 no longer has. Its scheduler accepts any grouping.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The first matching prefix of a test's id applies. A test with no group may run on any worker.
_GROUPS = (
    # These share images, a channel, nodes, servers or prefork interpreters.
    ("tests/environments/docker/", None),
    ("tests/endpoints/test_docker", None),
    ("tests/endpoints/test_package.py", None),
    ("tests/environments/conda/", "conda"),
    ("tests/compute/ssh/", None),
    ("tests/compute/dask/", "dask"),
    ("tests/hosts/test_ssh.py", None),
    ("tests/serving/http/test_peers.py", None),
    ("tests/suite/test_hermetic.py", None),
    ("tests/worker/test_azureml.py", None),
    ("tests/worker/prefork/test_warm.py", None),
)


def group_of(test: str) -> str:
    """Return a test's group: that of the table, the module if the table's is None, or the test itself."""
    for beginning, group in _GROUPS:
        if test.startswith(beginning):
            return group or test.partition("::")[0]
    return test


class _Groups(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give each worker whole groups, the largest first."""
    return _Groups(config, log)
