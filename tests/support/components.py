"""Handles components that a test needs and that may be missing."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Fail in CI, or skip on a user's machine, because a component that a test needs is missing."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
