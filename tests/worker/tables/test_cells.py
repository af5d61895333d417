"""How long a cell may be while readers of tables are open."""

import csv
from contextlib import ExitStack
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from runner.worker.tables.cells import cells_up_to


@given(st.lists(st.integers(200_000, 10_000_000), min_size=1, max_size=6), st.randoms())
def test_the_largest_size_holds_until_the_last_reader_ends(sizes: list[int], random: Random) -> None:
    default = csv.field_size_limit()
    readers = [(size, ExitStack()) for size in sizes]
    for size, reader in readers:
        reader.enter_context(cells_up_to(size))
    random.shuffle(readers)
    while readers:
        assert csv.field_size_limit() == max(size for size, _ in readers)
        readers.pop()[1].close()
    assert csv.field_size_limit() == default
