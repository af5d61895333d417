"""Checks the environment variables that nothing else looks at before it is too late for one line."""

from __future__ import annotations

from runner.errors import UserError
from runner.worker import timeouts


def check_variables() -> None:
    """Refuse waiting times that are not known or are not numbers.

    Raises
    ------
    UserError
        Naming the one that is wrong.
    """
    try:
        timeouts.changed()
    except ValueError as mistake:
        raise UserError(str(mistake)) from None
