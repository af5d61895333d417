"""Ties of cross-validated scores, against scipy and made folds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runner.sweeps.ranking.noise import interval, is_tied

SCORES = st.lists(st.floats(-10, 10), min_size=2, max_size=60)


@given(SCORES, st.integers(2, 10))
def test_the_interval_is_the_corrected_one(scores: list[float], folds: int) -> None:
    found = interval(scores, folds)
    assert found is not None
    spread = np.sqrt((1 / len(scores) + 1 / (folds - 1)) * np.var(scores, ddof=1))
    low, high = stats.t.interval(0.95, len(scores) - 1, np.mean(scores), 1) - np.mean(scores)
    assert found[0] == pytest.approx(np.mean(scores) + low * spread, rel=5e-2, abs=1e-9)
    assert found[1] == pytest.approx(np.mean(scores) + high * spread, rel=5e-2, abs=1e-9)


def test_ties_are_paired() -> None:
    best = [0.9, 0.7, 0.8, 0.95, 0.6]
    assert is_tied(best, [0.89, 0.71, 0.79, 0.96, 0.6], 5)
    assert not is_tied(best, [score - 0.02 for score in best], 5), "always worse by as much, although the folds spread"
    assert is_tied(best, best, 5) and is_tied([0.5], [0.5], 2) and not is_tied([0.5], [0.4], 2)
    assert interval([0.5], 2) is None


def test_equal_models_are_rarely_apart() -> None:
    draw = np.random.default_rng(0)
    apart = sum(not is_tied(list(draw.normal(size=5)), list(draw.normal(size=5)), 5) for _ in range(500))
    assert apart < 0.05 * 500
