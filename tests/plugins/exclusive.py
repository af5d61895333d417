"""Tests that need the whole machine run alone, after all others.

Every test holds a lock for reading while it runs, an exclusive one holds it for writing. Who waits for writing keeps
the gate, so that no further test begins.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MARK = "exclusive"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them at the end of the order, whatever it is."""
    items.sort(key=lambda item: item.get_closest_marker(MARK) is not None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Wait until it may run; its fixtures count."""
    folder = Path(os.environ["VIVERO_TEST_ROOT"])
    alone = item.get_closest_marker(MARK) is not None
    with (folder / "machine.lock").open("w") as machine:
        with (folder / "gate.lock").open("w") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(machine, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        return (yield)
