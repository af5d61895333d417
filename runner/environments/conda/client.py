"""Waits for rattler, whose errors become one line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

from runner.errors import UserError

T = TypeVar("T")


def asked(work: Coroutine[Any, Any, T], what: str) -> T:
    """Return what rattler was asked for.

    Raises
    ------
    UserError
        If it has an answer that a user can do something about: `what`, and its reasons.
    """
    from rattler import exceptions as known

    try:
        return asyncio.run(work)
    except (known.GatewayError, known.SolverError, known.InstallerError, known.InvalidMatchSpecError) as error:
        raise UserError(f"{what}: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Return an error's lines as one."""
    lines = [re.sub(r"^[\s└├─│]+|[.\s]+$", "", line) for line in str(error).splitlines()]
    return "; ".join(dict.fromkeys(line.removeprefix("Caused by: ") for line in lines if line))
