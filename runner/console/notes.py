"""Lines for people on standard error."""

from __future__ import annotations

import sys

from runner.console.format import clean


def note(text: str) -> None:
    """Print one line to standard error."""
    sys.stderr.write(clean(text) + "\n")
