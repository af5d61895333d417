"""The one exception a user is meant to see."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """A mistake or a limit the user can do something about: printed as one line, exit code 1.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    hint : str
        What to do about it; printed behind the message.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Give the one line."""
        line = f"{self.message}. {self.hint}" if self.hint else self.message
        return " ".join(line.split())


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which of the known names was probably meant.

    Returns
    -------
    str
        ``Did you mean 'iris'?``, or the list of known names when none is close.
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(names)}." if names else ""
