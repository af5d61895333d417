"""Each estimator is trained on a table of numbers and of texts with many values, as users have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.training import declared, module, option, train
from tests.training.test_scores import COVERS, NUMBERS, OPTIONS, QUICK

POSITIVE = ("multinomial_nb",)  # takes no scaled numbers, which may be below zero


@pytest.fixture
def table(tmp_path: Path) -> Path:
    draw = np.random.default_rng(0)
    left = draw.integers(0, 2, 600)
    columns = {"spend": draw.normal(size=600) + left, "city": [f"c{one}" for one in draw.integers(0, 30, 600)]}
    pd.DataFrame({**columns, "left": left}).to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


@pytest.mark.sampled(8, covers=COVERS)
@pytest.mark.parametrize("name", [name for name in OPTIONS if name not in POSITIVE])
def test_texts_with_many_values_are_learned_from(name: str, table: Path, tmp_path: Path, monkeypatch: Any) -> None:
    text = declared(
        {**option("estimator", name), **QUICK.get(name, {})}, "mixed_table",
        data="./t.csv", target="left", permutation_repeats=0, cross_validation=None,
    )  # fmt: skip
    kept = train(text, monkeypatch, tmp_path, train=table)
    assert kept.values["holdout_r2" if name in NUMBERS or "regressor" in name else "holdout_accuracy"]


def test_sparse_columns_are_explained(table: Path, tmp_path: Path, monkeypatch: Any) -> None:
    sparse = {**option("preprocessing", "mixed_table"), "sparse_threshold": 0.9}
    text = declared("hist_gradient_boosting", sparse, data="./t.csv", target="left")
    with pytest.raises(module("mistakes").Mistake, match=r"gives dense data with preprocessing\.sparse_threshold=0"):
        train(text, monkeypatch, tmp_path, train=table)
