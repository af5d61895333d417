"""Counts dates and times in bins of equal width: whole days, or 12 hours, 6 hours and so on of times."""

import re
from datetime import date

from .histogram import Histogram

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Set, Tuple

UNIT = 675  # seconds. A day has 2**7 of them, so that bins whose width is a power of two begin at midnight
_DAYS, _FINEST = 7, -9  # exponents of the narrowest bins: a day, and about a second
_DAY = 86400
_CYCLE = 146097  # days of 400 years, after which the calendar repeats
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST, _LAST = (date.min.toordinal() - _EPOCH) * _DAY, (date.max.toordinal() + 1 - _EPOCH) * _DAY - 1
_MOMENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?)?(?:(Z)|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?\Z"
)


def moment_of(text: str) -> "Optional[Tuple[str, int, bool]]":
    """Return what date or time a text in ISO 8601 is, None of any other text.

    Returns
    -------
    tuple or None
        Its type, ``date`` or ``time``, its seconds since 1970, in UTC if it has a zone, and whether it has one.
    """
    match = _MOMENT.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, utc, sign, hours, minutes = match.groups()
    try:
        midnight = (_ordinal(int(year), int(month), int(day)) - _EPOCH) * _DAY
    except ValueError:  # February 30
        return None
    if hour is None:
        return "date", midnight, False
    parts = [int(one or 0) for one in (hour, minute, second, hours, minutes)]
    if any(part >= most for part, most in zip(parts, (24, 60, 60, 24, 60))):
        return None
    offset = (parts[3] * 60 + parts[4]) * (-60 if sign == "-" else 60)
    return "time", midnight + parts[0] * 3600 + parts[1] * 60 + parts[2] - offset, bool(utc or sign)


def _ordinal(year: int, month: int, day: int) -> int:
    """Return the number of a day, also in the year 0, which ISO 8601 has and Python does not."""
    return date(year, month, day).toordinal() if year else date(400, month, day).toordinal() - _CYCLE


class Timeline:
    """The dates and times of one column. Parts of a second do not count."""

    def __init__(self) -> None:
        self.bins = Histogram()
        self.zones: "Set[bool]" = set()

    def add(self, text: str, count: int) -> None:
        """Count a text that is a date or time."""
        moment = moment_of(text)
        if moment is not None:
            self.bins.add(moment[1] / UNIT, count)
            self.zones.add(moment[2])

    def described(self, kind: str) -> "Optional[Dict[str, Any]]":
        """Return the bins as plain data, None if there are no two different days or seconds.

        Parameters
        ----------
        kind : str
            date, or time. If all times have a zone, the edges are marked as UTC.
        """
        ends = self.bins.ends
        if ends is None or ends[0] * UNIT < _FIRST or ends[1] * UNIT > _LAST:  # a year that Python cannot write
            return None
        found = self.bins.described(_DAYS if kind == "date" else _FINEST)
        if found is None:
            return None
        edges = [(found["start"] + at * found["width"]) * UNIT for at in range(len(found["counts"]) + 1)]
        zone = "Z" if self.zones == {True} else ""
        return {
            "edges": [_day(edge) if kind == "date" else _time(edge) + zone for edge in edges],
            "counts": found["counts"],
        }


def _day(second: float) -> str:
    return date.fromordinal(int(min(max(second, _FIRST), _LAST)) // _DAY + _EPOCH).isoformat()


def _time(second: float) -> str:
    milliseconds = round(min(max(second, _FIRST), _LAST) * 1000)
    rest = milliseconds % (_DAY * 1000)
    text = "{}T{:02}:{:02}:{:02}".format(
        _day(milliseconds // 1000), rest // 3600000, rest // 60000 % 60, rest // 1000 % 60
    )
    return "{}.{:03}".format(text, rest % 1000) if rest % 1000 else text
