"""Lines of progress."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line of progress for the log of the run."""
