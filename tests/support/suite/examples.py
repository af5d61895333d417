"""The number of examples of a property test."""

from hypothesis import settings


def examples(sample: int, *, whole: int) -> int:
    """Return the number of examples in this run: fewer in a sample than with ``--whole``."""
    return whole if settings.get_current_profile_name() == "whole" else sample
