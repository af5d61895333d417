"""What MLflow's file store holds becomes the run's own."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from runner.execution.metrics import last_values
from runner.worker.observe.mlflow_store import Reader
from runner.worker.observe.observers import MlflowObserver
from tests.support.command_line import CommandLine
from tests.support.records import record_of
from tests.support.run_folders import make_order
from tests.support.suite.covered import WORKER

pytestmark = pytest.mark.sampled(12, covers=WORKER)


def put(path: Any, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def store(tmp_path: Path) -> Any:
    run = tmp_path / "r1"
    run_folder = run / "mlflow" / "0" / "abc"
    put(run_folder / "meta.yaml", "run_id: abc\n")
    put(run_folder / "tags" / "mlflow.runName", "brave-bee")
    put(run_folder / "tags" / "team", "flowers")
    put(run_folder / "params" / "alpha", "0.5")
    put(run_folder / "metrics" / "train" / "loss", "1700000000000 1.5 0\n1700000001000 0.5 1 m-1\n17000")
    put(run_folder / "artifacts" / "plot.png", "picture")
    put(run / "mlflow" / "0" / "models" / "m-1" / "meta.yaml", "name: model\ncreation_timestamp: 1\n")
    put(run / "mlflow" / "0" / "models" / "m-1" / "artifacts" / "model.pkl", "bytes")
    (run / "work" / "outputs").mkdir(parents=True)
    return run


def lines(path: Any) -> Any:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_everything_is_taken_over_once(store: Any) -> None:
    reader = Reader(str(store))
    reader.poll()
    with (store / "mlflow/0/abc/metrics/train/loss").open("a") as file:
        file.write("00002000 nan 2\n")
    reader.finish()
    logged = lines(store / "metrics.jsonl")
    assert [(line["name"], line["value"], line["step"]) for line in logged] == [
        ("train/loss", 1.5, 0), ("train/loss", 0.5, 1), ("train/loss", "NaN", 2),
    ]  # fmt: skip
    assert logged[0]["time"] == "2023-11-14T22:13:20.000000Z"
    properties = {(line["kind"], line["name"]): line["value"] for line in lines(store / "properties.jsonl")}
    assert properties == {("tag", "team"): "flowers", ("property", "mlflow.param.alpha"): "0.5"}
    assert (store / "work/outputs/plot.png").read_text() == "picture"
    assert (store / "work/outputs/model/model.pkl").read_text() == "bytes"


def test_nothing_of_the_script_is_overwritten_and_links_are_not_followed(store: Any) -> None:
    put(store / "work/outputs/plot.png", "mine")
    (store / "mlflow/0/abc/artifacts/link").symlink_to("/etc/passwd")
    Reader(str(store)).finish()
    assert (store / "work/outputs/plot.png").read_text() == "mine"
    assert (store / "work/outputs/plot-1.png").read_text() == "picture"
    assert not (store / "work/outputs/link").exists()


def test_a_nested_run_becomes_a_child(store: Any) -> None:
    nested = store / "mlflow" / "0" / "def"
    put(nested / "meta.yaml", "run_id: def\n")
    put(nested / "tags" / "mlflow.parentRunId", "abc")
    put(nested / "tags" / "mlflow.runName", "small-bee")
    put(nested / "metrics" / "loss", "1700000000000 9 0\n")
    Reader(str(store)).finish()
    (child,) = (store / "children").iterdir()
    assert json.loads((child / "child.json").read_text())["name"] == "small-bee"
    assert lines(child / "metrics.jsonl")[0]["value"] == 9


def begin(store: Path, run_id: str, at: int, name: str, **tags: str) -> Path:
    """Write a run of MLflow's as it is once it has begun."""
    folder = store / "mlflow" / "0" / run_id
    put(folder / "meta.yaml", f"run_id: {run_id}\nstart_time: {at}\n")
    put(folder / "tags" / "mlflow.runName", name)
    for tag, value in tags.items():
        put(folder / "tags" / tag, value)
    return folder


def test_runs_one_after_the_other_are_children(tmp_path: Path) -> None:
    """The run itself has the metrics of none of them, though it had those of the first as long as that was alone."""
    store, models = tmp_path / "r1", ("forest", "svm", "svm")
    (store / "work" / "outputs").mkdir(parents=True)
    reader = Reader(str(store))
    for number, name in enumerate(models):
        run_id = f"{9 - number}abc"
        folder = begin(store, run_id, 1000 + number, name)
        put(folder / "params" / "kind", f"{name} {number}")
        put(folder / "metrics" / "accuracy", f"1700000000000 0.{number} 0\n")
        reader.poll()
        assert last_values(lines(store / "metrics.jsonl")) == ({"accuracy": 0.0} if number == 0 else {})
        with (folder / "metrics" / "accuracy").open("a") as file:
            file.write(f"1700000000000 0.{number} 0 m-{number}\n")  # once more, for the model that was logged
        put(folder / "artifacts" / "plot.png", f"plot {number}")
        model = store / "mlflow" / "0" / "models" / f"m-{number}"
        put(model / "meta.yaml", f"name: model\ncreation_timestamp: {number}\nsource_run_id: {run_id}\n")
        put(model / "artifacts" / "model.pkl", f"model {number}")
    reader.finish()
    children = sorted((store / "children").iterdir())
    outputs = store / "work" / "outputs"
    assert last_values(lines(store / "metrics.jsonl")) == {} and not (store / "properties.jsonl").exists()
    for number, (name, child) in enumerate(zip(["forest", "svm", "svm-1"], children, strict=True)):
        place = outputs / name
        facts = json.loads((child / "child.json").read_text())
        assert (facts["name"], facts["outputs"], facts["number"]) == (models[number], name, number + 1)
        assert [line["value"] for line in lines(child / "metrics.jsonl")] == [number / 10]
        properties = {line["name"]: line["value"] for line in lines(child / "properties.jsonl")}
        assert properties == {"mlflow.param.kind": f"{models[number]} {number}"}
        assert (place / "plot.png").read_text() == f"plot {number}"
        assert (place / "model" / "model.pkl").read_text() == f"model {number}"
    assert sorted(path.name for path in outputs.iterdir()) == ["forest", "svm", "svm-1"]


def test_a_name_cannot_leave_the_outputs(tmp_path: Path) -> None:
    store = tmp_path / "r1"
    (store / "work" / "outputs").mkdir(parents=True)
    for number, name in enumerate(("first", "../../x", "..", "/etc", "a/b", "", ".hidden")):
        put(begin(store, f"r{number}", number, name) / "artifacts" / "a.txt", str(number))
    Reader(str(store)).finish()
    texts = sorted(path.read_text() for path in (store / "work" / "outputs").rglob("a.txt"))
    assert texts == [str(number) for number in range(7)]


def test_a_database_that_mlflow_cannot_write_gets_advice(command_line: CommandLine) -> None:
    """As in the preset, whose mlflow-skinny brings no SQLAlchemy along."""
    without = "import sys\nsys.modules['sqlalchemy'] = None\n"
    log = "import mlflow\nmlflow.set_tracking_uri('sqlite:///mine.db')\nmlflow.log_metric('a', 1)\n"
    command_line.script(without + log)
    done = command_line.job()
    assert done.returncode == 2 and "Add mlflow to environment.packages" in done.stdout + done.stderr


@pytest.mark.slow("installs MLflow", seconds=120)
def test_what_the_script_registered_is_left_for_the_controller(store: Any) -> None:
    """With the paths of another machine's folders in it, as MLflow writes them."""
    place = f"file://{store}/mlflow/0/models/m-1/artifacts"
    model = store / "mlflow" / "models" / "flowers"
    put(model / "meta.yaml", "name: flowers\ndescription: of all\n")
    put(model / "tags" / "team", "x")
    put(model / "aliases" / "champion", "2")
    put(model / "version-1" / "meta.yaml", f"version: 1\ncurrent_stage: Production\nstorage_location: {place}\n")
    put(model / "version-2" / "meta.yaml", f"version: 2\ndescription: second\nsource: {place}\n")
    put(model / "version-2" / "tags" / "q", "r")
    put(model / "version-3" / "meta.yaml", "version: 3\nsource: s3://bucket/elsewhere\n")
    Reader(str(store)).finish()
    assert not (store / "children").exists()  # a registered model with tags is no run
    first, second, third = json.loads((store / "mlflow" / "registered.json").read_text())
    common = {"name": "flowers", "path": "model"}
    assert first == {
        **common, "version": 1, "description": "of all", "tags": {"team": "x", "stage": "Production"}, "aliases": [],
    }  # fmt: skip
    assert second == {
        **common, "version": 2, "description": "second", "tags": {"team": "x", "q": "r"}, "aliases": ["champion"],
    }  # fmt: skip
    assert third["path"] is None


def database(path: Path, artifacts: str, began: int) -> None:
    """Write a store as MLflow 3 does, with what is read of it."""
    with sqlite3.connect(path) as made:
        made.executescript(
            "create table experiments (experiment_id integer, name text);"
            "create table runs (run_uuid text, name text, start_time integer, artifact_uri text);"
            "create table params (key text, value text, run_uuid text);"
            "create table tags (key text, value text, run_uuid text);"
            "create table metrics (key text, value real, timestamp integer, run_uuid text, step integer, is_nan int);"
            "insert into experiments values (0, 'Default');"
        )
        for run_id, at in (("old", began - 1), ("new", began), ("kid", began + 1)):
            made.execute("insert into runs values (?, ?, ?, ?)", (run_id, f"the {run_id}", at, f"{artifacts}/{run_id}"))
            made.execute("insert into params values ('a', ?, ?)", (run_id, run_id))
            made.execute("insert into metrics values ('m', 0.5, 1700000000000, ?, 3, 0)", (run_id,))
            made.execute("insert into metrics values ('n', 0, 1700000000000, ?, 0, 1)", (run_id,))
        made.execute("insert into tags values ('mlflow.parentRunId', 'new', 'kid')")
        made.execute("insert into tags values ('team', 'x', 'new')")
    made.close()


def test_a_database_in_the_working_directory_is_read(tmp_path: Path) -> None:
    """What it has from before is not the run's, such as a database that came with the source."""
    run = tmp_path / "r1"
    (run / "work" / "outputs").mkdir(parents=True)
    put(run / "work" / "mlruns" / "new" / "note.txt", "hello")
    (run / "work" / "other.db").write_bytes(b"SQLite format 3\0 and no more")
    database(run / "work" / "ml flow#1.db", str(run / "work" / "mlruns"), 5000)
    Reader(str(run), 5000).finish()
    assert [(line["name"], line["value"], line["step"]) for line in lines(run / "metrics.jsonl")] == [
        ("n", "NaN", 0), ("m", 0.5, 3),
    ]  # fmt: skip
    assert {(line["name"], line["value"]) for line in lines(run / "properties.jsonl")} == {
        ("mlflow.param.a", "new"), ("team", "x"),
    }  # fmt: skip
    (child,) = (run / "children").iterdir()
    assert json.loads((child / "child.json").read_text())["name"] == "the kid"
    assert (run / "work" / "outputs" / "note.txt").read_text() == "hello"


def test_a_folder_of_the_working_directory_is_read(store: Any, tmp_path: Path) -> None:
    run = tmp_path / "r2"
    (run / "work" / "outputs").mkdir(parents=True)
    shutil.copytree(store / "mlflow", run / "work" / "tracking")
    put(run / "work" / "tracking" / "0" / "meta.yaml", "artifact_location: file:///x\nexperiment_id: 0\n")
    put(run / "work" / "tracking" / "0" / "abc" / "meta.yaml", "run_id: abc\nstart_time: 7000\n")
    Reader(str(run), 6000).finish()
    assert [line["value"] for line in lines(run / "metrics.jsonl")] == [1.5, 0.5]
    Reader(str(run), 8000).finish()  # of an earlier run
    assert len(lines(run / "metrics.jsonl")) == 2


ORDER = make_order(run_id="RUN", experiment="e", argv=["python", "train.py"])


@pytest.mark.parametrize(
    ("said", "outside"),
    [
        ("'http://example.org:5000'", True), ("'databricks'", True), ("'mlruns'", False), ("'file:./mlruns'", False),
        ("uri=\"sqlite:///x.db\"", False), ("'sqlite:////srv/x.db'", True), ("'/srv/mlruns'", True),
        ("'file:///srv/mlruns'", True), ("address", True), ("'postgresql://me@db/x'", True), ("sys.argv[1]", True),
        ("f'file://{folder}'", True), ("os.environ.get('X', str(1))", True), ("uri=address", True),
    ],
)  # fmt: skip
def test_an_address_elsewhere_is_said(said: str, outside: bool, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "train.py").write_text(f"import mlflow\nmlflow.set_tracking_uri({said})\n")
    notes = MlflowObserver(str(tmp_path), ORDER, {}).finish()
    assert bool(notes) == outside and all("is not part of this run" in note for note in notes)


def test_an_address_that_is_not_written_out_is_no_matter_where_runs_came_here(store: Any) -> None:
    (store / "work" / "train.py").write_text("import mlflow\nmlflow.set_tracking_uri(address)\n")
    assert MlflowObserver(str(store), ORDER, {}).finish() == []


SCRIPT = """
import mlflow, mlflow.pyfunc, mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
model = RandomForestClassifier(3).fit(*load_iris(return_X_y=True))
with mlflow.start_run(run_name="first"):
    mlflow.log_metric("acc", 0.9)
    mlflow.sklearn.log_model(model, name="model", registered_model_name="flowers", pip_requirements=[])
mlflow.MlflowClient().set_registered_model_alias("flowers", "champion", 1)

class Sums(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input.sum(axis=1) * 10

with mlflow.start_run(run_name="own form"):
    mlflow.pyfunc.log_model(name="sums", python_model=Sums(), registered_model_name="sums", pip_requirements=[])
mlflow.set_tracking_uri("mlruns")
with mlflow.start_run(run_name="second"):
    mlflow.log_metric("acc", 0.8)
"""


@pytest.mark.slow("builds two environments with MLflow", seconds=120)
def test_a_forest_that_a_script_registers_is_a_version_here(command_line: CommandLine) -> None:
    command_line.script(SCRIPT)
    done = command_line.run("environment=sklearn-1.9-mlflow", "job.source=src", "job.script=train.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Registered flowers:1 @champion, version 1 in the script" in done.stdout
    shown = json.loads(command_line.vivero("models", "show", "flowers@champion", "--json").stdout)
    assert shown["inspection"]["model_class"].endswith("RandomForestClassifier")
    record = record_of(command_line)
    assert record["finalize"]["metrics"] == {} and record["register"]["model"] == "flowers"
    children = [(child["name"], child["metrics"]) for child in record["children"]]
    assert sorted(children) == [("first", {"acc": 0.9}), ("own form", {}), ("second", {"acc": 0.8})]
    (command_line.folder / "rows.csv").write_text("a,b\n1,5\n7,8\n")
    done = command_line.vivero("score", "sums", "--input", "rows.csv", "--output", "answers.csv")
    assert done.returncode == 0, done.stderr
    assert (command_line.folder / "answers.csv").read_text().split() == ["predict", "60.0", "150.0"]


@pytest.mark.slow("builds an environment with MLflow", seconds=90)
def test_a_real_mlflow_script(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=diabetes")
    assert done.returncode == 0, done.stdout + done.stderr
    record = record_of(command_line)
    assert {"r2", "mae"} <= record["finalize"]["metrics"].keys()
    assert "predicted.png" in [output["path"] for output in record["finalize"]["outputs"]]
    assert record["register"]["model"] == "sklearn-diabetes"
    assert record["properties"]["mlflow.param.alpha"] == "0.05"
    assert not (command_line.folder / "mlruns").exists()
