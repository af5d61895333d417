"""Runs tests that need the whole machine alone, after all others.

Every test holds a shared lock while it runs; an exclusive test holds it exclusively. A test that waits for the
exclusive lock keeps the gate, so that no further test begins.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MARK = "exclusive"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move exclusive tests to the end, whatever the order."""
    items.sort(key=lambda item: item.get_closest_marker(MARK) is not None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Wait until the test may run. Its fixtures are included."""
    folder = Path(os.environ["VIVERO_TEST_ROOT"])
    alone = item.get_closest_marker(MARK) is not None
    with (folder / "machine.lock").open("w") as machine:
        with (folder / "gate.lock").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        return (yield)
