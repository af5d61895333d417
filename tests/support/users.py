"""What a test does as a user who may do less."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from tests.support.components import missing

_NOBODY = 65534


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Be a user who can neither read nor write below the folder of a test."""
    if os.geteuid() != 0:
        missing("only root can become another user")
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
