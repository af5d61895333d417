"""Tests that share something expensive run on the same worker of xdist, so that it is made once.

xdist's own groups are read from marks, by a name that pytest 9 no longer has; its scheduler takes any division.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# The first that a test's id begins with decides; without one it may run anywhere.
_GROUPS = (
    # They share images, a channel, nodes, servers, or interpreters that are kept warm.
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
    """Return the group of a test's id: one of the table's, its module where the table has none, or the test alone."""
    for beginning, group in _GROUPS:
        if test.startswith(beginning):
            return group or test.partition("::")[0]
    return test


class _Groups(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Give groups to workers as a whole, the largest first."""
    return _Groups(config, log)
