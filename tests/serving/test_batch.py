"""Whole files: the same answers as in Python, interrupted and resumed, every fault with its row."""

import csv
import json
import os
import signal

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from tests.waiting import wait_for

X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, np.array(["a", "b", "c"])[Y])


@pytest.fixture
def score(command_line, layout, register):
    register("iris", MODEL)

    def score(*words):
        return command_line.vivero("score", "iris", *words, "--workspace", str(layout.root))

    score.folder = command_line.folder
    score.start = lambda *words: command_line.start(
        "runner.cli", "score", "iris", *words, "--workspace", str(layout.root), start_new_session=True
    )
    return score


def write(path, rows, header=("a", "b", "c", "d")):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_csv_to_csv(score):
    write(score.folder / "rows.csv", X)
    done = score("--input", "rows.csv", "--output", "out.csv", "--chunk", "40")
    assert done.returncode == 0, done.stderr
    assert "iris:1 answered for 150 rows" in done.stdout
    with open(score.folder / "out.csv") as file:
        found = list(csv.DictReader(file))
    assert [one["predict"] for one in found] == MODEL.predict(X).tolist()
    assert sorted(os.listdir(score.folder)) == ["out.csv", "rows.csv"]


def test_jsonl_to_jsonl_with_probabilities(score):
    (score.folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in X.tolist()))
    done = score("--input", "rows.jsonl", "--output", "out.jsonl", "--method", "predict_proba", "--json")
    assert json.loads(done.stdout)["rows"] == 150
    found = [json.loads(line) for line in (score.folder / "out.jsonl").read_text().splitlines()]
    assert list(found[0]) == ["predict_proba_a", "predict_proba_b", "predict_proba_c"]
    assert np.array([list(one.values()) for one in found]).tobytes() == MODEL.predict_proba(X).tobytes()


def test_parquet(score):
    parquet = (
        pytest.importorskip("pyarrow.parquet") if not os.environ.get("CI") else __import__("pyarrow.parquet").parquet
    )
    import pyarrow

    parquet.write_table(
        pyarrow.table({name: X[:, at] for at, name in enumerate("abcd")}), score.folder / "rows.parquet"
    )
    done = score("--input", "rows.parquet", "--output", "out.parquet", "--chunk", "70")
    assert done.returncode == 0, done.stderr
    assert parquet.read_table(score.folder / "out.parquet")["predict"].to_pylist() == MODEL.predict(X).tolist()


def test_killed_and_resumed(score):
    many = np.tile(X, (2000, 1))
    write(score.folder / "rows.csv", many)
    words = ("--input", "rows.csv", "--output", "out.csv", "--chunk", "1000")
    process = score.start(*words)
    parts = score.folder / ".out.csv.parts"
    wait_for(lambda: len(list(parts.glob("*.csv"))) > 20, 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (score.folder / "out.csv").exists()
    before = {path: path.stat().st_mtime_ns for path in parts.glob("????????.json")}
    process = score.start(*words)
    assert process.wait(120) == 0, process.communicate()
    assert len(before) >= 20
    with open(score.folder / "out.csv") as file:
        found = [row["predict"] for row in csv.DictReader(file)]
    assert found == MODEL.predict(many).tolist()
    assert not parts.exists()


FAULTS = {
    "a word": ([*X[:50].tolist(), [1, "x", 3, 4]], "Row 50, column 1: a text is no number"),
    "missing": ([*X[:3].tolist(), [1, "", 3, 4]], "Row 3, column 1: no value"),
    "ragged": ([[1, 2, 3]], "line 2: 3 values, the header has 4"),
    "nothing": ([], "has no rows"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_row(name, score):
    rows, message = FAULTS[name]
    write(score.folder / "rows.csv", rows)
    done = score("--input", "rows.csv", "--output", "out.csv", "--chunk", "20")
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert not (score.folder / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--input", "nothere.csv", "--output", "out.csv"), "there is no file"),
        (("--input", "rows.csv", "--output", "no/out.csv"), "there is no folder"),
        (("--input", "rows.csv", "--output", "out.xls"), "ends in none of .csv, .jsonl, .parquet"),
        (("--input", "rows.csv", "--output", "out.csv", "--method", "transform"), "has no method transform"),
    ],
)
def test_a_mistake_is_one_line(words, message, score):
    write(score.folder / "rows.csv", X)
    done = score(*words)
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1
