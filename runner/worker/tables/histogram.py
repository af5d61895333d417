"""Counts numbers of any range in bins of equal width, in one pass."""

import math
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, Optional, Tuple

_MOST = 32  # bins
_DIGITS = 53  # binary digits of a float
_SMALLEST = -1022  # exponent of the smallest normal float


class Histogram:
    """Bins whose width is a power of two, so that two neighbors merge into one bin of twice the width.

    The result does not depend on the order of the numbers.
    """

    def __init__(self) -> None:
        self._ends: "Optional[Tuple[float, float]]" = None
        self._exponent = 0
        self._counts: "Dict[int, int]" = {}

    def add(self, value: "Any", count: int) -> None:
        """Add a number that occurs `count` times. Infinite numbers are skipped."""
        try:
            number = float(value)
        except OverflowError:  # an integer of more than 308 digits
            return
        if math.isfinite(number):
            width = self.widen(number, number)
            self.count([(_floor(number / width, number), count)])

    def widen(self, low: float, high: float) -> float:
        """Extend the range to two numbers, and return the width of a bin."""
        known = self._ends
        if known is None or low < known[0] or high > known[1]:
            if known is not None:
                low, high = min(low, known[0]), max(high, known[1])
            self._ends = low, high
            self._set_exponent(max(_exponent(low, high), self._exponent if known is not None else _SMALLEST))
        return math.ldexp(1.0, self._exponent)

    def count(self, bins: "Iterable[Tuple[Any, int]]") -> None:
        """Add counts of bins, given by number: values divided by the width and rounded down."""
        for number, count in bins:
            self._counts[int(number)] = self._counts.get(int(number), 0) + count

    def _set_exponent(self, exponent: int) -> None:
        shift, self._exponent = exponent - self._exponent, exponent
        if shift and self._counts:
            counts, self._counts = self._counts, {}
            self.count((number >> shift, count) for number, count in counts.items())

    @property
    def ends(self) -> "Optional[Tuple[float, float]]":
        """The smallest and the largest number, None if there is none."""
        return self._ends

    def described(self, finest: "Optional[int]" = None) -> "Optional[Dict[str, Any]]":
        """Return the bins as plain data, None if there are fewer than two distinct numbers.

        Parameters
        ----------
        finest : int, optional
            The exponent of the narrowest bins: 0 for integers, so that no bin is narrower than 1.
        """
        if self._ends is None or self._ends[0] == self._ends[1]:
            return None
        if finest is not None:
            self._set_exponent(max(finest, self._exponent))
        first, last, width = min(self._counts), max(self._counts), math.ldexp(1.0, self._exponent)
        return {
            "start": max(-sys.float_info.max, first * width),
            "width": width,
            "counts": [self._counts.get(number, 0) for number in range(first, last + 1)],
        }


def _exponent(low: float, high: float) -> int:
    """Return the smallest exponent for which there are fewer than the largest number of bins."""
    largest = max(abs(low), abs(high))
    exponent = max(_SMALLEST, math.frexp(largest)[1] - _DIGITS) if largest else _SMALLEST
    while True:
        width = math.ldexp(1.0, exponent)
        if _floor(high / width, high) - _floor(low / width, low) < _MOST:
            return exponent
        exponent += 1


def _floor(quotient: float, number: float) -> int:
    """Round down the quotient of a number and a width. A negative one that is too small for a float is in bin -1."""
    return -1 if quotient == 0 and number < 0 else math.floor(quotient)
