"""What the user can mend, in one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Mistake(Exception):
    """One line that says what is wrong and what to do."""


def nearest(word: object, known: Iterable[object]) -> str:
    """Return a sentence that names the known word nearest to a misspelt one, or an empty text."""
    close = difflib.get_close_matches(str(word), [str(one) for one in known], 1, 0.6)
    return f". Did you mean '{close[0]}'?" if close else ""


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the name of its class."""
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".:") if lines else type(error).__name__
