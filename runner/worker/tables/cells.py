"""How long a cell of a CSV file may be. The limit is the whole process's, so readers share it."""

import contextlib
import csv
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, List

_guard = threading.Lock()
_sizes: "List[int]" = []
_default = [0]


@contextlib.contextmanager
def cells_up_to(size: int) -> "Iterator[None]":
    """Allow cells of so many characters.

    The largest size that a reader needs holds until it has ended. Then the limit is what it was before the first.
    """
    with _guard:
        if not _sizes:
            _default[0] = csv.field_size_limit()
        _sizes.append(size)
        csv.field_size_limit(max(_sizes))
    try:
        yield
    finally:
        with _guard:
            _sizes.remove(size)
            csv.field_size_limit(max(_sizes) if _sizes else _default[0])
