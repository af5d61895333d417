"""Checks environment variables early, so that a mistake in them gives one line."""

from __future__ import annotations

from runner.errors import UserError
from runner.worker import timeouts


def check_variables() -> None:
    """Refuse unknown timeouts and values that are not numbers.

    Raises
    ------
    UserError
        Naming the wrong one.
    """
    try:
        timeouts.changed()
    except ValueError as mistake:
        raise UserError(str(mistake)) from None
