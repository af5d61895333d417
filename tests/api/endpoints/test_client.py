"""What is read of an endpoint's metrics."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runner.api.endpoints.client import Measures, ask
from runner.config.endpoint_settings import EndpointSettings
from runner.errors import UserError

LIMITS = [0.001, 0.01, 0.1, 1.0, float("inf")]


@example([4, 2, 3, 2, 4], 0.4)
@given(st.lists(st.integers(0, 50), min_size=5, max_size=5), st.floats(0.01, 0.99))
def test_a_quantile_lies_in_the_bucket_that_reaches_its_share(counts: list[int], share: float) -> None:
    buckets, total = [], 0.0
    for limit, count in zip(LIMITS, counts, strict=True):
        total += count
        buckets.append((limit, total))
    quantile = Measures(buckets=buckets).quantile(share)
    if not total:
        assert quantile is None
        return
    at = next(at for at, (_, count) in enumerate(buckets) if count >= share * total)
    low = LIMITS[at - 1] if at else 0.0
    assert quantile is not None and low <= quantile <= min(LIMITS[at], 1.0)


@pytest.mark.parametrize("path", ["score", "http://elsewhere/", "/a b", "/a\r\nX: 1", "/ü", ""])
def test_what_is_no_address_is_not_asked(path: str) -> None:
    with pytest.raises(UserError, match="is not an address"):
        ask(EndpointSettings(), "GET", path)


@pytest.mark.parametrize("key", ["a\nb", "schlüssel"])
def test_what_is_no_key_is_not_sent(key: str) -> None:
    with pytest.raises(UserError, match="not a key"):
        ask(EndpointSettings(), "GET", "/score", key=key)
