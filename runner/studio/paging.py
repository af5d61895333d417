"""The pages of a long list, one of which is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from werkzeug.datastructures import MultiDict

T = TypeVar("T")
SIZE = 100


@dataclass(frozen=True)
class Paging:
    """The pages of a list of `total` rows, and the number of the one that is shown, from 1."""

    total: int
    number: int = 1
    size: int = SIZE

    @classmethod
    def read(cls, given: MultiDict[str, str], total: int, size: int = SIZE, field: str = "page") -> Paging:
        """Read the number from a field of an address. The last page is shown instead of one beyond it."""
        last = cls(total, 1, size).last
        return cls(total, min(max(1, given.get(field, 1, type=int)), last), size)

    @property
    def last(self) -> int:
        """The number of the last page. An empty list has one page."""
        return max(1, -(-self.total // self.size))

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """Return the rows of the page that is shown."""
        return rows[(self.number - 1) * self.size : self.number * self.size]
