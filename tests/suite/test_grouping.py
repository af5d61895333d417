"""Which tests stay together."""

import pytest

from tests.plugins.grouping import group_of


@pytest.mark.parametrize(
    ("test", "group"),
    [
        ("tests/environments/docker/test_run.py::test_x", "tests/environments/docker/test_run.py"),
        ("tests/endpoints/test_docker_bad_days.py::test_x[a]", "tests/endpoints/test_docker_bad_days.py"),
        ("tests/environments/conda/test_spec.py::test_x", "conda"),
        ("tests/compute/ssh/test_runs.py::TestRuns::test_x", "tests/compute/ssh/test_runs.py"),
        ("tests/compute/dask/test_runs.py::test_x", "dask"),
        ("tests/config/test_yaml.py::test_x", "tests/config/test_yaml.py::test_x"),
    ],
)
def test_a_test_is_in_the_group_of_what_it_shares(test: str, group: str) -> None:
    assert group_of(test) == group
