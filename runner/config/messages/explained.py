"""Turns the errors of a composition into the mistakes behind them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from runner.errors import UserError


@contextlib.contextmanager
def explained(place: str | None = None) -> Iterator[None]:
    """Raise the user's mistake behind an error of the block. Errors that are bugs pass unchanged.

    Parameters
    ----------
    place : str, optional
        What is composed, to begin the message with.

    Raises
    ------
    UserError
        The mistake.
    """
    try:
        yield
    except Exception as error:
        from runner.config.messages.mistakes import as_user_error

        mistake = as_user_error(error)
        if mistake is None:
            raise
        if place is not None:
            raise UserError(f"{place}: {mistake.message}", mistake.hint) from error
        if mistake is error:
            raise
        raise mistake from error
