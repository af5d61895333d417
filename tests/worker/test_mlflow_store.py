"""What MLflow's file store holds becomes the run's own."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runner" / "worker"))
from mlflow_store import Reader

from tests.test_pipeline import record_of


def put(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def store(tmp_path):
    run = tmp_path / "r1"
    one = run / "mlflow" / "0" / "abc"
    put(one / "meta.yaml", "run_id: abc\n")
    put(one / "tags" / "mlflow.runName", "brave-bee")
    put(one / "tags" / "team", "flowers")
    put(one / "params" / "alpha", "0.5")
    put(one / "metrics" / "train" / "loss", "1700000000000 1.5 0\n1700000001000 0.5 1 m-1\n17000")
    put(one / "artifacts" / "plot.png", "picture")
    put(run / "mlflow" / "0" / "models" / "m-1" / "meta.yaml", "name: model\ncreation_timestamp: 1\n")
    put(run / "mlflow" / "0" / "models" / "m-1" / "artifacts" / "model.pkl", "bytes")
    (run / "work" / "outputs").mkdir(parents=True)
    return run


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_everything_is_taken_over_once(store):
    reader = Reader(str(store))
    reader.poll()
    with (store / "mlflow/0/abc/metrics/train/loss").open("a") as file:
        file.write("00002000 nan 2\n")
    reader.finish()
    found = lines(store / "metrics.jsonl")
    assert [(one["name"], one["value"], one["step"]) for one in found] == [
        ("train/loss", 1.5, 0), ("train/loss", 0.5, 1), ("train/loss", "NaN", 2),
    ]  # fmt: skip
    assert found[0]["time"] == "2023-11-14T22:13:20.000000Z"
    properties = {(one["kind"], one["name"]): one["value"] for one in lines(store / "properties.jsonl")}
    assert properties == {("tag", "team"): "flowers", ("property", "mlflow.param.alpha"): "0.5"}
    assert (store / "work/outputs/plot.png").read_text() == "picture"
    assert (store / "work/outputs/model/model.pkl").read_text() == "bytes"


def test_nothing_of_the_script_is_overwritten_and_links_are_not_followed(store):
    put(store / "work/outputs/plot.png", "mine")
    (store / "mlflow/0/abc/artifacts/link").symlink_to("/etc/passwd")
    Reader(str(store)).finish()
    assert (store / "work/outputs/plot.png").read_text() == "mine"
    assert (store / "work/outputs/plot-1.png").read_text() == "picture"
    assert not (store / "work/outputs/link").exists()


def test_a_nested_run_becomes_a_child(store):
    nested = store / "mlflow" / "0" / "def"
    put(nested / "meta.yaml", "run_id: def\n")
    put(nested / "tags" / "mlflow.parentRunId", "abc")
    put(nested / "tags" / "mlflow.runName", "small-bee")
    put(nested / "metrics" / "loss", "1700000000000 9 0\n")
    Reader(str(store)).finish()
    (child,) = (store / "children").iterdir()
    assert json.loads((child / "child.json").read_text())["name"] == "small-bee"
    assert lines(child / "metrics.jsonl")[0]["value"] == 9


@pytest.mark.slow
def test_a_real_mlflow_script(command_line):
    done = command_line.run("+experiment=diabetes")
    assert done.returncode == 0, done.stdout + done.stderr
    record = record_of(command_line)
    assert {"r2", "mae"} <= record["finalize"]["metrics"].keys()
    assert "predicted.png" in [one["path"] for one in record["finalize"]["outputs"]]
    assert record["register"]["model"] == "sklearn-diabetes"
    assert record["properties"]["mlflow.param.alpha"] == "0.05"
    assert not (command_line.folder / "mlruns").exists()
