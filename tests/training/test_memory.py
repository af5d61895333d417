"""What a training says about memory before it reads a large table."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.training import declared, module, train

ROWS = 30_000


def frame() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {"x": draw.normal(size=ROWS), "city": draw.choice(["Berlin", "Ulm"], ROWS), "y": draw.choice(["a", "b"], ROWS)}
    )


WRITERS: dict[str, Any] = {
    "t.csv": lambda table, path: table.to_csv(path, index=False),
    "t.tsv": lambda table, path: table.to_csv(path, index=False, sep="\t"),
    "t.jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "t.parquet": lambda table, path: table.to_parquet(path),
}


@pytest.fixture
def memory(monkeypatch: Any) -> Any:
    """The module, for which each file is large."""
    found = module("tables.memory")
    monkeypatch.setattr(found, "_LARGE", 1)
    return found


@pytest.mark.parametrize("name", WRITERS)
def test_rows_and_bytes_are_nearly_right(name: str, memory: Any, tmp_path: Path) -> None:
    table = frame()
    WRITERS[name](table, tmp_path / name)
    rows, size = memory._size(tmp_path / name)
    assert rows == pytest.approx(ROWS, rel=0.05)
    assert size == pytest.approx(table.memory_usage(deep=True).sum(), rel=0.3)


@pytest.mark.parametrize(
    ("free", "expected"), [(1e12, r"Memory: about .* GB are free"), (1e3, "warning: The memory may"), (None, "Memory:")]
)
def test_the_line_is_printed_before_the_data_is_read(
    free: float | None, expected: str, memory: Any, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr(memory, "_free", lambda: free)
    WRITERS["t.csv"](frame(), tmp_path / "t.csv")
    text = declared(
        "gaussian_nb", "mixed_table", data="./t.csv", target="y", cross_validation=None, permutation_repeats=0
    )
    train(text, monkeypatch, tmp_path, train=tmp_path / "t.csv")
    first = capsys.readouterr().out.splitlines()[0]
    assert re.match(expected, first), first


def test_a_small_file_and_a_broken_one(memory: Any, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "t.parquet").write_bytes(b"no table at all")
    text = declared("gaussian_nb", data="./t.parquet", target="y")
    with pytest.raises(module("mistakes").Mistake, match=r"t\.parquet cannot be read") as caught:
        train(text, monkeypatch, tmp_path, train=tmp_path / "t.parquet")
    assert str(tmp_path) not in str(caught.value)
    monkeypatch.undo()
    assert memory.memory_line(tmp_path / "t.parquet") is None
    assert memory._free() > 1e6
