"""Each estimator is trained on a table of numbers and of texts with many values, as users have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from tests.support.exported_scripts import COVERS, NUMBERS, OPTIONS, QUICK, check_script
from tests.support.training import declared, module, option, train

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


def test_types_of_pandas(tmp_path: Path, monkeypatch: Any) -> None:
    draw = np.random.default_rng(0)
    left = pd.Series(draw.integers(0, 2, 200)).map({0: "no", 1: "yes"})
    values: Any = {
        "whole": pd.array([None if at % 9 == 0 else at for at in range(200)], dtype="Int64"),
        "flag": pd.array([None if at % 9 == 1 else bool(at % 2) for at in range(200)], dtype="boolean"),
        "city": pd.array([None if at % 9 == 2 else "ab"[at % 2] for at in range(200)], dtype="string"),
        "text": [None if at % 9 == 3 else "cd"[at % 2] for at in range(200)],
    }
    pd.DataFrame({**values, "left": left}).to_parquet(tmp_path / "t.parquet")
    text = declared("svc", "mixed_table", data="./t.parquet", target="left", permutation_repeats=1)
    kept = train(text, monkeypatch, tmp_path, train=tmp_path / "t.parquet")
    check_script(text, kept, tmp_path, monkeypatch, train=str(tmp_path / "t.parquet"))


def test_cells_with_lists_are_named(tmp_path: Path, monkeypatch: Any) -> None:
    pd.DataFrame({"a": range(40), "tags": [["x"]] * 40, "left": ["no", "yes"] * 20}).to_parquet(tmp_path / "t.parquet")
    text = declared("svc", "mixed_table", data="./t.parquet", target="left")
    with pytest.raises(module("mistakes").Mistake, match=r"'tags' has lists\. Leave it out: train\.features\.drop"):
        train(text, monkeypatch, tmp_path, train=tmp_path / "t.parquet")


def test_a_function_of_numpy(table: Path, tmp_path: Path, monkeypatch: Any) -> None:
    tree = {
        "_target_": "sklearn.compose.TransformedTargetRegressor", "func": "numpy.log1p", "inverse_func": "numpy.expm1",
        "regressor": {"_target_": "sklearn.linear_model.Ridge"},
    }  # fmt: skip
    text = declared(tree, data="sklearn:diabetes", permutation_repeats=0)
    check_script(text, train(text, monkeypatch, tmp_path), tmp_path, monkeypatch)
    for name in ("numpy.load", "os.system", "log1p", "numpy.log1pp", "numpy.random.rand"):
        with pytest.raises(module("mistakes").Mistake, match=f"estimator.func={name} is not such a function"):
            module("models.building").build({**tree, "func": name}, "estimator", ("sklearn",))


def test_a_column_that_stands_twice(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    rows = "".join(f"{n},{n % 7},{n % 2},{n}\n" for n in range(40))
    text = declared("gaussian_nb", data="./t.csv", target="left", cross_validation=None, permutation_repeats=0)
    (tmp_path / "t.csv").write_text(f"a,a,left,a.5\n{rows}")
    train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: t.csv")]
    assert lines == ["warning: t.csv has another column named 'a'. It is read as 'a.1'"]

    twice = pyarrow.table([list(range(40)), list(range(40)), [0, 1] * 20], names=["a", "a", "left"])
    pyarrow.parquet.write_table(twice, tmp_path / "t.parquet")
    with pytest.raises(module("mistakes").Mistake, match=r"^train\.data: t\.parquet has two columns named 'a'$"):
        train(text.replace("t.csv", "t.parquet"), monkeypatch, tmp_path, train=tmp_path / "t.parquet")
