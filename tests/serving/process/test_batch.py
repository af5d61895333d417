"""Whole files: the same answers as in Python, interrupted and resumed, every fault with its row."""

import csv
import json
import os
import signal
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from runner.layout import Layout
from serving.data.tables import KINDS
from tests.support.command_line import CommandLine
from tests.support.waiting import wait_for

SCORING = ["serving/**/*.py", "runner/commands/endpoints/score.py"]
X, Y = load_iris(return_X_y=True)
MODEL = LogisticRegression(max_iter=500).fit(X, np.array(["a", "b", "c"])[Y])


class Score:
    """Scores with one model from a folder of its own."""

    def __init__(self, command_line: CommandLine, layout: Layout) -> None:
        self.folder, self._line, self._where = command_line.folder, command_line, ("--workspace", str(layout.root))

    def __call__(self, *words: str) -> Any:
        return self._line.vivero("score", "iris", *words, *self._where)

    def start(self, *words: str) -> Any:
        return self._line.start("runner.cli", "score", "iris", *words, *self._where, start_new_session=True)


@pytest.fixture
def score(command_line: CommandLine, layout: Layout, register: Any) -> Score:
    register("iris", MODEL)
    return Score(command_line, layout)


def write(path: Any, rows: Any, header: Any = ("0", "1", "2", "3")) -> None:
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def put(rows: Any, path: Any) -> None:
    """Write a data frame as a file of the kind that its name says."""
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    elif path.suffix == ".jsonl":
        rows.to_json(path, orient="records", lines=True)
    else:
        rows.to_parquet(path, index=False)


def taken(path: Any) -> Any:
    """Return the data frame that a file of any kind is."""
    if path.suffix == ".jsonl":
        return pandas.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
    return pandas.read_csv(path) if path.suffix == ".csv" else pandas.read_parquet(path)


def test_csv_to_csv(score: Score) -> None:
    write(score.folder / "rows.csv", X)
    done = score("--input", "rows.csv", "--output", "out.csv", "--chunk", "40")
    assert done.returncode == 0, done.stderr
    assert "iris:1 answered for 150 rows" in done.stdout
    with open(score.folder / "out.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["predict"] for row in rows] == MODEL.predict(X).tolist()
    assert sorted(path.name for path in score.folder.iterdir()) == ["out.csv", "rows.csv"]


def test_jsonl_to_jsonl_with_probabilities(score: Score) -> None:
    (score.folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in X.tolist()))
    done = score("--input", "rows.jsonl", "--output", "out.jsonl", "--method", "predict_proba", "--json")
    assert json.loads(done.stdout)["rows"] == 150
    rows = [json.loads(line) for line in (score.folder / "out.jsonl").read_text().splitlines()]
    assert list(rows[0]) == ["predict_proba_a", "predict_proba_b", "predict_proba_c"]
    assert np.array([list(row.values()) for row in rows]).tobytes() == MODEL.predict_proba(X).tobytes()


def test_parquet(score: Score) -> None:
    parquet = (
        pytest.importorskip("pyarrow.parquet") if not os.environ.get("CI") else __import__("pyarrow.parquet").parquet
    )
    import pyarrow

    parquet.write_table(
        pyarrow.table({name: X[:, at] for at, name in enumerate("0123")}), score.folder / "rows.parquet"
    )
    done = score("--input", "rows.parquet", "--output", "out.parquet", "--chunk", "70")
    assert done.returncode == 0, done.stderr
    assert parquet.read_table(score.folder / "out.parquet")["predict"].to_pylist() == MODEL.predict(X).tolist()


def test_killed_and_resumed(score: Score) -> None:
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
        answers = [row["predict"] for row in csv.DictReader(file)]
    assert answers == MODEL.predict(many).tolist()
    assert not parts.exists()


NAMES = ["a", "b", "c", "d"]


def table(score: Score, columns: Any = None, **changes: Any) -> Any:
    """Write rows with names, a column of ids and pandas' unnamed index, and return them."""
    rows = pandas.DataFrame(X, columns=NAMES).assign(id=[f"p{at}" for at in range(len(X))], **changes)
    rows[columns or ["id", *reversed(NAMES)]].to_csv(score.folder / "rows.csv")
    return rows


@pytest.fixture
def named(score: Score, register: Any) -> Any:
    model = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)).fit(pandas.DataFrame(X, columns=NAMES), Y)
    register("iris", model)
    return model


def test_columns_are_kept_and_an_index_is_left_out(score: Score, named: Any) -> None:
    rows = table(score)
    refused = score("--input", "rows.csv", "--output", "out.csv")
    assert refused.returncode == 1 and "unknown: id" in refused.stderr and "--keep id" in refused.stderr
    done = score("--input", "rows.csv", "--output", "out.csv", "--keep", "id", "--chunk", "40")
    assert done.returncode == 0 and "valid feature names" not in done.stderr, done.stderr
    scored = pandas.read_csv(score.folder / "out.csv")
    assert scored["id"].tolist() == rows["id"].tolist()
    assert scored["predict"].tolist() == named.predict(rows[NAMES]).tolist()
    wrong = score("--input", "rows.csv", "--output", "other.csv", "--keep", "ids")
    assert wrong.returncode == 1 and "--keep: the rows have no column ids. Did you mean 'id'?" in wrong.stderr


def test_a_misspelt_column_is_named_and_not_to_be_kept(score: Score, named: Any) -> None:
    rows = table(score).drop(columns="id")
    rows.rename(columns={NAMES[1]: f"{NAMES[1]}_"}).to_csv(score.folder / "wrong.csv", index=False)
    refused = score("--input", "wrong.csv", "--output", "out.csv")
    assert refused.returncode == 1 and "--keep" not in refused.stderr
    assert f"missing: {NAMES[1]}; unknown: {NAMES[1]}_. Did you mean '{NAMES[1]}_'?" in refused.stderr


def test_mappings_keep_columns_too(score: Score, named: Any) -> None:
    rows = pandas.DataFrame(X[:3], columns=NAMES).assign(id=[7, None, "x"])
    (score.folder / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows.to_dict("records")))
    done = score("--input", "rows.jsonl", "--output", "out.jsonl", "--keep", "id")
    assert done.returncode == 0, done.stderr
    scored = [json.loads(line) for line in (score.folder / "out.jsonl").read_text().splitlines()]
    assert [row["id"] for row in scored] == [7, None, "x"] and len(scored[0]) == 2


def test_missing_values_are_what_pandas_reads_as_missing(score: Score, named: Any) -> None:
    words = ["NA", "NaN", "null", "N/A", "", "<NA>", "None", "#N/A", "-nan"]
    rows = table(score, [*NAMES, "id"], a=[words[at % 9] if at % 2 else value for at, value in enumerate(X[:, 0])])
    done = score("--input", "rows.csv", "--output", "out.csv", "--keep", "id")
    assert done.returncode == 0, done.stderr
    frame = pandas.read_csv(score.folder / "rows.csv")[NAMES]
    assert frame["a"].isna().sum() == len(rows) // 2
    assert pandas.read_csv(score.folder / "out.csv")["predict"].tolist() == named.predict(frame).tolist()


def test_a_word_that_is_a_category_is_not_missing(score: Score, register: Any) -> None:
    frame = pandas.DataFrame({"fence": ["None", "wood", "None", "wire"] * 5})
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(frame, [0, 1, 0, 1] * 5)
    register("iris", model)
    frame.to_csv(score.folder / "rows.csv", index=False)
    done = score("--input", "rows.csv", "--output", "out.csv")
    assert done.returncode == 0, done.stderr
    assert pandas.read_csv(score.folder / "out.csv")["predict"].tolist() == model.predict(frame).tolist()


def test_names_that_a_model_does_not_know_are_taken_by_position_only_if_told(score: Score) -> None:
    write(score.folder / "rows.csv", X, header=NAMES)
    refused = score("--input", "rows.csv", "--output", "out.csv")
    assert refused.returncode == 1 and "fitted without column names" in refused.stderr
    assert "--by-position" in refused.stderr
    assert score("--input", "rows.csv", "--output", "out.csv", "--by-position").returncode == 0


def test_no_file_is_replaced_unasked(score: Score) -> None:
    write(score.folder / "rows.csv", X)
    before = (score.folder / "rows.csv").read_bytes()
    (score.folder / "link.csv").symlink_to("rows.csv")
    for target in ("rows.csv", "./rows.csv", "link.csv"):
        for more in ((), ("--overwrite",)):
            refused = score("--input", "rows.csv", "--output", target, *more)
            assert refused.returncode == 1 and "the same file" in refused.stderr
    (score.folder / "out.csv").write_text("mine")
    refused = score("--input", "rows.csv", "--output", "out.csv")
    assert refused.returncode == 1 and "--overwrite" in refused.stderr
    assert (score.folder / "out.csv").read_text() == "mine" and (score.folder / "rows.csv").read_bytes() == before
    assert score("--input", "rows.csv", "--output", "out.csv", "--overwrite").returncode == 0
    assert (score.folder / "out.csv").read_text().startswith("predict")


FAULTS = {
    "a word": ([*X[:50].tolist(), [1, "x", 3, 4]], "Row 51, column 1: 'x' is not a number"),
    "missing": ([*X[:3].tolist(), [1, "", 3, 4]], "Row 4, column 1: the value is missing"),
    "ragged": ([[1, 2, 3]], "line 2 has 3 values, but the header has 4"),
    "nothing": ([], "has no rows"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_row(name: str, score: Score) -> None:
    rows, message = FAULTS[name]
    write(score.folder / "rows.csv", rows)
    done = score("--input", "rows.csv", "--output", "out.csv", "--chunk", "20")
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert not (score.folder / "out.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--input", "nothere.csv", "--output", "out.csv"), "does not exist"),
        (("--input", "rows.csv", "--output", "no/out.csv"), "the folder"),
        (("--input", "rows.csv", "--output", "out.xls"), "must end in .csv, .jsonl or .parquet"),
        (("--input", "rows.csv", "--output", "out.csv", "--method", "transform"), "has no method 'transform'"),
    ],
)
def test_a_mistake_is_one_line(words: Any, message: str, score: Score) -> None:
    write(score.folder / "rows.csv", X)
    done = score(*words)
    assert done.returncode == 1 and message in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.sampled(2, covers=SCORING)
@pytest.mark.parametrize(("source", "target"), [(source, target) for source in KINDS for target in KINDS])
def test_a_kept_column_that_is_called_as_an_answer_is_refused(
    source: str, target: str, score: Score, named: Any
) -> None:
    rows = pandas.DataFrame(X, columns=NAMES).assign(predict=7, id=range(len(X)))
    put(rows, score.folder / f"rows{source}")
    words = ("--input", f"rows{source}", "--output", f"out{target}", "--keep")
    refused = score(*words, "id,predict")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1
    assert "--keep: the answers have a column predict too" in refused.stderr
    assert [path.name for path in score.folder.iterdir()] == [f"rows{source}"]
    put(rows.drop(columns="predict"), score.folder / f"rows{source}")
    assert score(*words, "id,id").returncode == 0
    scored = taken(score.folder / f"out{target}")
    assert list(scored.columns) == ["id", "predict"] and [*map(int, scored["id"])] == [*range(len(X))]


TEXTS = ["good day", "bad night", "good night", "bad day"] * 5
READ = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [1, 0, 1, 0] * 5)


@pytest.mark.sampled(3, covers=SCORING)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [None, "", "NA", "nan", "null"])
def test_no_text_is_refused_in_every_kind_of_file(kind: str, missing: Any, score: Score, register: Any) -> None:
    register("iris", READ)
    if kind != ".csv" and missing is not None:
        pytest.skip("there, a word is a text and null is null")
    rows = pandas.DataFrame({"text": pandas.Series(["good", missing, "bad"], dtype=object)})
    put(rows, score.folder / f"rows{kind}")
    if kind == ".csv":
        (score.folder / "rows.csv").write_text(f'text\ngood\n"{missing or ""}"\nbad\n')
    done = score("--input", f"rows{kind}", "--output", "out.csv")
    assert done.returncode == 1 and "Row 2 is null" in done.stderr and "not a text" in done.stderr


def test_a_text_beside_other_columns_asks_for_keep(score: Score, register: Any) -> None:
    register("iris", READ)
    pandas.DataFrame({"id": [7, 8], "text": ["good", "bad"]}).to_csv(score.folder / "rows.csv", index=False)
    words = ("--input", "rows.csv", "--output", "out.csv")
    refused = score(*words)
    assert refused.returncode == 1 and "takes one text per row" in refused.stderr and "--keep" in refused.stderr
    assert score(*words, "--keep", "id").returncode == 0
    assert taken(score.folder / "out.csv").to_dict("list") == {"id": [7, 8], "predict": [1, 0]}


BOTH = np.array([["setosa", "x"], ["versicolor", "y"], ["virginica", "y"]])[Y]
ONES = (BOTH == [["setosa", "x"]]).astype(int)
OUTPUTS: dict[str, tuple[Any, Any]] = {
    "a forest": (RandomForestClassifier(5).fit(X, BOTH), X),
    "one a output": (MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(X, BOTH), X),
    "of texts": (MultiOutputClassifier(READ).fit(TEXTS, BOTH[45:65]), TEXTS),
    "in a pipeline": (make_pipeline(SimpleImputer(), RandomForestClassifier(5)).fit(X, BOTH), X),
    "a chain": (ClassifierChain(LogisticRegression(max_iter=500)).fit(X, ONES), X),
    "one label": (RandomForestClassifier(5).fit(X, BOTH[:, 0]), X),
}


@pytest.mark.sampled(4, covers=SCORING)
@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("target", KINDS)
def test_each_output_is_named_by_its_own_labels(name: str, target: str, score: Score, register: Any) -> None:
    model, rows = OUTPUTS[name]
    register("iris", model)
    lines = [json.dumps(row.tolist() if isinstance(row, np.ndarray) else row) for row in rows]
    (score.folder / "rows.jsonl").write_text("\n".join(lines))
    done = score("--input", "rows.jsonl", "--output", f"out{target}", "--method", "predict_proba")
    assert done.returncode == 0, done.stderr
    answers = model.predict_proba(rows)
    if isinstance(answers, list):
        labels = [f"{at}_{label}" for at, classes in enumerate(model.classes_) for label in classes]
        answers = np.hstack(answers)
    else:
        labels = list(model.classes_) if name == "one label" else ["0", "1"]
    scored = taken(score.folder / f"out{target}")
    assert list(scored.columns) == [f"predict_proba_{label}" for label in labels]
    assert np.array_equal(scored.to_numpy(), answers)


FORMS: dict[str, tuple[str, str]] = {
    "semicolons": ("a;b;c;d\n1;2;3;4\n", "separated by ';'"),
    "semicolons and decimal commas": ("a;b;c;d\n1,5;2;3;4\n", "separated by ';'"),
    "tabs": ("a\tb\tc\td\n1\t2\t3\t4\n", "separated by a tab"),
    "no header": ("5.1,3.5,1.4,0.2\n4.9,3,1.4,0.2\n", "begin the file with a line of column names"),
    "numbered columns": ("0,1,2,3\n1,2,3,4\n", "unknown: 0, 1, 2, 3. Use --by-position"),
    "other names": ("x1,x2,x3,x4\n1,2,3,4\n", "Use --by-position"),
    "a few others": ("a,b,x1,x2,x3\n1,2,3,4,5\n", "missing: c, d; unknown: x1, x2, x3"),
    "a misspelt one": ("length,width,height,dept\n1,2,3,4\n", "Did you mean 'dept'?"),
}


@pytest.mark.sampled(5, covers=SCORING)
@pytest.mark.parametrize("names", [NAMES, None, ["length", "width", "height", "depth"]])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_another_form_is_told_what_to_do(form: str, names: Any, score: Score, register: Any) -> None:
    content, hint = FORMS[form]
    if (form == "a misspelt one") != (names is not None and "depth" in names):
        pytest.skip("no fault, or another one")
    if names is None and form in ("numbered columns", "other names", "a few others"):
        pytest.skip("its columns have numbers")
    register("iris", LogisticRegression(max_iter=500).fit(pandas.DataFrame(X, columns=names) if names else X, Y))
    (score.folder / "rows.csv").write_text(content)
    done = score("--input", "rows.csv", "--output", "out.csv")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert hint in done.stderr and "Known" not in done.stderr, done.stderr


@pytest.mark.parametrize("marker", ["?", "NA"])
def test_what_an_imputer_fills_in_is_taken_and_so_is_an_empty_cell(marker: str, score: Score, register: Any) -> None:
    values = pandas.DataFrame({"c": pandas.Series(["a", "b", marker, "a"] * 5, dtype=object)})
    fill = SimpleImputer(strategy="most_frequent", missing_values=marker)
    model = make_pipeline(fill, OneHotEncoder(), LogisticRegression()).fit(values, [0, 1, 0, 0] * 5)
    register("iris", model)
    (score.folder / "rows.csv").write_text(f'c\na\n{marker}\n""\nb\n')
    done = score("--input", "rows.csv", "--output", "out.csv")
    assert done.returncode == 0, done.stderr
    expected = model.predict(pandas.DataFrame({"c": pandas.Series(["a", marker, marker, "b"], dtype=object)}))
    assert taken(score.folder / "out.csv")["predict"].tolist() == expected.tolist()
