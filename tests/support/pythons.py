"""Other Pythons of this machine to run scripts in: those that pyenv has besides the tests' own."""

import sys
from pathlib import Path

import pytest

_PLACE = Path(sys.base_prefix).parent


def version_of(python: Path) -> str:
    """Return the version of a Python, which is its folder's name."""
    return python.parts[-3]


def _number(python: Path) -> tuple[int, ...]:
    return tuple(map(int, version_of(python).split(".")))


def others(oldest: tuple[int, int], newest: tuple[int, int]) -> list[object]:
    """Return the Pythons in a range of versions as test cases. The test calls `is_there` with its own."""
    pythons = [path for path in _PLACE.glob("3.*.*/bin/python") if oldest <= _number(path)[:2] <= newest]
    pythons.sort(key=_number)
    return [pytest.param(path, id=version_of(path)) for path in pythons] or [pytest.param(None, id="none")]


def is_there(python: Path | None) -> Path:
    """Return a test's Python, or skip the test. CI does not install other Pythons."""
    if python is None:
        pytest.skip(f"there is no other Python in {_PLACE}")
    return python
