"""A folder for a run of pytest inside a test."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.suite.inner import run_inner


@pytest.fixture
def inner(tmp_path: Path) -> Callable[..., Any]:
    """Run pytest on the text of a test module."""
    folder = tmp_path / "inner"
    folder.mkdir()
    return functools.partial(run_inner, folder)
