"""What is said of a machine that will not do, from what it says of itself."""

import platform
import sys
import time
from typing import Any

import pytest

from runner.compute.cluster.preflight import _problems

HERE = f"{sys.platform}-{platform.machine()}"
WELL = {"platform": HERE, "root": "/r", "free": 1 << 40, "tmp": "/tmp", "tmp_free": 1 << 40}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, []),
        ({"time": 3600}, ["its clock is 3600 s ahead of this machine's"]),
        ({"time": -3600}, ["its clock is 3600 s behind this machine's"]),
        ({"free": 5 << 20}, ["/r has 5 MB left"]),
        ({"tmp_free": 0}, ["/tmp has 0 MB left"]),
        (
            {"platform": "linux-riscv64"},
            [f"it is linux-riscv64, but this machine is {HERE}; install uv on the node"],
        ),
    ],
)
def test_each_problem_is_said(wrong: dict[str, Any], expected: list[str]) -> None:
    facts = {**WELL, **wrong, "time": time.time() + wrong.get("time", 0)}
    assert list(_problems(facts)) == expected
