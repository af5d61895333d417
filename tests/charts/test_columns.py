"""Values as columns of charts."""

import math

from hypothesis import given
from hypothesis import strategies as st

from runner.charts.columns import axis, number, place, thin

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def test_texts_of_numbers_are_numbers() -> None:
    assert axis("c", "job.c", ["0.1", 10, "1e3"]) == {"name": "c", "key": "job.c", "log": True, "levels": None}
    assert axis("k", "k", [True, False])["levels"] == ["false", "true"]
    assert axis("k", "k", [1, "auto"])["levels"] == ["1", "auto"] and axis("k", "k", [])["levels"] == []


@given(st.lists(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())))
def test_any_value_has_a_place_on_its_axis(values: list[object]) -> None:
    scale = axis("x", "x", values)
    for value in values:
        at = place(value, scale)
        assert isinstance(at, float) and math.isfinite(at) if scale["levels"] is None else at in scale["levels"]


@given(st.text() | st.integers() | st.floats() | st.none())
def test_a_number_is_finite(value: object) -> None:
    result = number(value)
    assert result is None or math.isfinite(result)


@given(st.lists(NUMBERS, max_size=500), st.integers(1, 40))
def test_thinning_loses_no_peak(values: list[float], buckets: int) -> None:
    points = [(float(at), value) for at, value in enumerate(values)]
    kept = thin(points, buckets)
    assert len(kept) <= max(2 * buckets, 1) and kept == sorted(kept) and set(kept) <= set(points)
    if values:
        assert max(kept, key=lambda point: point[1])[1] == max(values)
        assert min(kept, key=lambda point: point[1])[1] == min(values)
