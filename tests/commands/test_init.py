"""``vivero init`` writes an experiment that trains, whatever the table has."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.store.data.tables import describe
from runner.training.first import first_experiment, look
from tests.support.command_line import CommandLine

ROWS = 120
DRAW = np.random.default_rng(0)
COLUMNS: dict[str, Any] = {
    "id": range(ROWS), "größe": DRAW.normal(size=ROWS), "city ${x}": DRAW.choice(["a", "b"], ROWS), "same": 1,
    "since": pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d"), "empty": None,
    "comment": [f"text {at}" for at in range(ROWS)], "flag": DRAW.choice([True, False], ROWS),
    "gaps": [None if at % 7 == 0 else at % 5 for at in range(ROWS)],
}  # fmt: skip
TARGETS: dict[str, Any] = {
    "texts": DRAW.choice(["yes", "no"], ROWS), "numbers": DRAW.normal(size=ROWS), "codes": DRAW.integers(0, 4, ROWS),
    "flags": DRAW.choice([True, False], ROWS), "rare": ["x"] * 116 + ["y"] * 4, "floats": DRAW.choice([0.0, 1.0], ROWS),
}  # fmt: skip


@pytest.mark.slow("trains what was written", seconds=60)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.sampled(3, covers=["runner/training/first.py", "runner/commands/init.py"])
def test_what_is_written_trains(target: str, suffix: str, command_line: CommandLine) -> None:
    table = pd.DataFrame({**COLUMNS, target: TARGETS[target]})
    path = command_line.folder / f"t{suffix}"
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path)
    done = command_line.vivero("init", "mine", "--data", path.name, "--target", target, "--config-dir", "conf")
    assert done.returncode == 0, done.stderr
    assert "'id' is left out: it numbers the rows" in done.stdout and "'since' has dates" in done.stdout
    written = yaml.safe_load((command_line.folder / "conf/experiment/mine.yaml").read_text())
    assert set(written["train"]["features"]["drop"]) == {"id", "same", "empty", "comment"}
    assert "+experiment=mine" in (command_line.folder / "projects/mine/README.md").read_text()
    done = command_line.run("--config-dir", "conf", "+experiment=mine", "train.permutation_repeats=0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine:1" in done.stdout
    again = command_line.vivero("init", "mine", "--data", path.name, "--target", target, "--config-dir", "conf")
    assert again.returncode == 1 and "mine.yaml exists. Choose another name" in again.stderr


MISTAKES = {
    "churn --data t.csv --target lft": "The table has no column 'lft'. Did you mean 'left'?",
    "churn --data t.csv --target since": "'since' has neither classes nor numbers",
    "churn --data t.csv --target same": "'same' has the same value in all rows",
    "churn --data t.csv --target gaps": "rows have no 'gaps', which cannot be learned from. Remove these rows",
    "churn --data t.csv --target comment": "'comment' has another text in most rows",
    "churn --data t.csv --target rare": "Class 'z' of 'rare' has 1 of 120 rows; 3 are needed",
    "churn --data ./tt.csv --target left": "tt.csv does not exist. Did you mean 't.csv'?",
    "churn --data tt.csv --target left": "tt.csv does not exist. Did you mean 't.csv'?",
    "churn --data missing --target left": "No workspace at",
    "churn --data t.txt --target left": "t.txt is not a table that can be read. Name a file that ends in .csv",
    "churn --data none.csv --target left": "none.csv cannot be read",
    "../up --data t.csv --target left": "cannot be a name",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_leaves_nothing(words: str, command_line: CommandLine) -> None:
    rare = ["x"] * 119 + ["z"]
    table = pd.DataFrame({**COLUMNS, "rare": rare, "left": TARGETS["texts"]})
    for name in ("t.csv", "t.txt"):
        table.to_csv(command_line.folder / name, index=False)
    (command_line.folder / "none.csv").write_text("")
    done = command_line.vivero("init", *words.split(), "--config-dir", "conf")
    assert done.returncode == 1 and MISTAKES[words] in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert not (command_line.folder / "conf").exists() and not (command_line.folder / "projects").exists()


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(str.strip).filter(bool)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(st.lists(NAMES, min_size=3, max_size=5, unique=True))
def test_any_names_of_columns(tmp_path: Path, names: list[str]) -> None:
    from omegaconf import OmegaConf

    path = tmp_path / "t.csv"
    columns = {name: DRAW.normal(size=30) for name in names[1:-1]} | {names[-1]: [f"a{at}" for at in range(30)]}
    pd.DataFrame({**columns, names[0]: ["x", "y"] * 15}).to_csv(path, index=False)
    table = describe(path, [path.name])
    made = first_experiment("mine", str(path), table.columns[-1].name, table)
    config: Any = OmegaConf.to_container(OmegaConf.create(made.yaml), resolve=True)
    assert config["train"]["target"] == table.columns[-1].name and config["train"]["data"] == str(path)
    assert set(config["train"]["features"]["drop"]) <= {column.name for column in table.columns}


def test_a_file_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    assert [column.name for column in look(tmp_path / "t.csv").columns] == ["a", "b"]
