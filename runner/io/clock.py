"""Times in records: ISO 8601 in UTC with microseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the present as ``2026-07-01T12:00:00.000000Z``."""
    return write_time(datetime.now(UTC))


def write_time(moment: datetime) -> str:
    """Return an aware moment in the records' form."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(text: str) -> datetime:
    """Return the moment a record names."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_typed(text: str) -> datetime:
    """Return the moment that a person names: on their own clock, as tables show times, unless a zone is given.

    Raises
    ------
    ValueError
        If it is no time, nor a date, whose midnight is meant.
    """
    return datetime.fromisoformat(text.strip().replace(" UTC", "Z")).astimezone()


def seconds_between(start: str, end: str) -> float:
    """Return the seconds from one recorded time to a later one, 0 if the clock was set back between them."""
    return max(0.0, (read_time(end) - read_time(start)).total_seconds())
