"""The pages of long lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from runner.studio.paging import Paging


@given(st.integers(0, 300), st.integers(1, 50))
def test_the_pages_have_every_row_once(total: int, size: int) -> None:
    rows = range(total)
    last = Paging(total, 1, size).last
    assert [row for number in range(1, last + 1) for row in Paging(total, number, size).of(rows)] == list(rows)


@pytest.mark.parametrize(("asked", "shown"), [("2", 2), ("99", 3), ("0", 1), ("-4", 1), ("x", 1), ("9" * 50, 3)])
def test_an_address_shows_a_page_that_there_is(asked: str, shown: int) -> None:
    assert Paging.read(MultiDict({"page": asked}), 250).number == shown
