"""Curves that are made short enough to draw."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from runner.studio.series import between, plain, smooth, thin

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400)
COLUMNS = st.integers(1, 40)


@given(NUMBERS, COLUMNS)
def test_no_peak_is_lost_and_the_ends_stay(values: list[float], columns: int) -> None:
    x, y = thin(range(len(values)), values, columns)
    assert (min(y), max(y), y[0], y[-1]) == (min(values), max(values), values[0], values[-1])
    assert len(y) <= 2 * columns + 2
    assert list(x) == sorted(set(x))
    assert [values[int(at)] for at in x] == list(y)


@given(st.lists(st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf]), max_size=200), COLUMNS)
@example([math.inf, -math.inf, 0.0], 1)
def test_what_is_not_finite_stays_a_gap(values: list[float], columns: int) -> None:
    _, y = thin(range(len(values)), values, columns)
    assert any(map(math.isnan, values)) == any(map(math.isnan, y))
    assert all(value is None or math.isfinite(value) for value in plain(y))


@given(NUMBERS, st.integers(0, 400), st.integers(0, 400))
def test_a_part_has_all_that_is_in_it(values: list[float], first: int, last: int) -> None:
    x, y = between(range(len(values)), values, first, last)
    assert set(range(first, min(last + 1, len(values)))) <= set(x)
    assert [values[int(at)] for at in x] == list(y)


def test_a_part_of_steps_that_go_back_is_found() -> None:
    assert between([0.0, 5.0, 1.0, 6.0], [1.0, 2.0, 3.0, 4.0], 0, 2) == ([0.0, 1.0], [1.0, 3.0])


@given(NUMBERS, st.floats(0.01, 0.99))
def test_a_smoothed_curve_stays_within_its_values(values: list[float], weight: float) -> None:
    margin = 1e-6 * max(1.0, *map(abs, values))
    smoothed = smooth(values, weight)
    assert len(smoothed) == len(values)
    assert all(min(values) - margin <= value <= max(values) + margin for value in smoothed)
