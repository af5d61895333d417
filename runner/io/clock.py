"""Times in records: ISO 8601 in UTC with microseconds, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Return the current time as ``2026-07-01T12:00:00.000000Z``."""
    return write_time(datetime.now(UTC))


def write_time(moment: datetime) -> str:
    """Return an aware datetime in the format of records."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def read_time(text: str) -> datetime:
    """Return a recorded time as a datetime."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_typed(text: str) -> datetime:
    """Return a time that was typed, in local time unless it has a zone.

    Raises
    ------
    ValueError
        If it is neither a time nor a date (which means its midnight).
    """
    return datetime.fromisoformat(text.strip().replace(" UTC", "Z")).astimezone()


def seconds_between(start: str, end: str) -> float:
    """Return the seconds from one recorded time to a later one, 0 if the clock was set back between them."""
    return max(0.0, (read_time(end) - read_time(start)).total_seconds())
