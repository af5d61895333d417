"""Declared trainings as users start them: a run, a sweep, a served model, the exported script."""

import json
import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from runner.layout import Layout
from tests.support.command_line import CommandLine
from tests.support.servers.live_server import Server


def shown(line: CommandLine, *words: str) -> Any:
    done = line.vivero(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow("runs a training and serves its model", seconds=60)
def test_a_declared_model_is_recorded_and_served(command_line: CommandLine) -> None:
    done = command_line.run("+experiment=iris_declared", "estimator.C=10")
    assert done.returncode == 0, done.stderr
    run = shown(command_line, "runs")[0]
    assert run["params"] == {"estimator": "SVC", "preprocessing": "StandardScaler", "C": 10}
    assert run["metrics"]["cv_score"] == run["metrics"]["cv_accuracy"] > run["metrics"]["dummy_accuracy"]
    outputs = {one["path"] for one in shown(command_line, "show", "latest")["finalize"]["outputs"]}
    assert outputs >= {"model.joblib", "model-card.md", "input_example.json", "evaluation.json"}

    card = command_line.vivero("models", "show", "iris-declared").stdout
    assert "# Model card" in card and "| accuracy | " in card
    assert "# Model card" in shown(command_line, "models", "show", "iris-declared")["card"]

    script = command_line.vivero("script", "latest")
    (command_line.folder / "exported.py").write_text(script.stdout)
    printed = subprocess.run([sys.executable, "exported.py"], cwd=command_line.folder, capture_output=True, text=True)
    assert f"cv_accuracy: {run['metrics']['cv_accuracy']}" in printed.stdout, printed.stderr

    server = Server(Layout(command_line.workspace), "model=iris-declared")
    try:
        example = json.loads(next(command_line.workspace.glob("runs/*/*/outputs/input_example.json")).read_text())
        status, _, answer = server.ask("/score", example)
        model = joblib.load(next(command_line.workspace.glob("runs/*/*/outputs/model.joblib")))
        assert status == 200 and json.loads(answer)["predict"] == list(model.predict(pd.DataFrame(example["data"])))
    finally:
        server.stop()

    again = command_line.vivero("rerun", "latest")
    assert again.returncode == 0, again.stderr
    first, second = shown(command_line, "runs")[:2]
    same = [name for name in first["metrics"] if not name.endswith("_seconds")]
    assert {name: first["metrics"][name] for name in same} == {name: second["metrics"][name] for name in same}


CHURN = """\
# @package _global_
defaults:
  - override /estimator: hist_gradient_boosting
  - override /preprocessing: mixed_table
train:
  data: churn
  target: churned
  features: {drop: [customer_id], dates: [since]}
  groups: household
  sample_weight: weight
  holdout: {size: 0.2, stratify: true, seed: 0}
  cross_validation: {folds: 3, repeats: 1}
  scoring: [roc_auc, average_precision, neg_brier_score]
  calibrate: sigmoid
  threshold: {metric: f1}
  slices: [city]
model:
  name: churn
"""


def churn(rows: int = 300) -> pd.DataFrame:
    """Customers who leave by their spending and their city, with cells missing."""
    draw = np.random.default_rng(0)
    spent, city = draw.normal(size=rows), draw.choice(["Łódź", "Ulm", "Nice"], rows)
    left = spent + (city == "Ulm") + draw.normal(size=rows) > 0.5
    columns: dict[str, Any] = {
        "customer_id": [f"k{n}" for n in range(rows)],
        "since": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
        "spent": np.where(np.arange(rows) % 11 == 0, np.nan, spent),
        "city": [None if at % 13 == 0 else name for at, name in enumerate(city)],
        "household": np.arange(rows) // 2,
        "weight": 1 + np.arange(rows) % 3,
        "churned": np.where(left, "yes", "no"),
    }
    return pd.DataFrame(columns)


@pytest.mark.slow("trains with all that a table of customers has, and serves the model", seconds=90)
def test_a_table_of_customers(command_line: CommandLine) -> None:
    churn().to_csv(command_line.folder / "churn.csv", index=False)
    experiments = command_line.folder / "conf" / "experiment"
    experiments.mkdir(parents=True)
    (experiments / "customers.yaml").write_text(CHURN)
    added = command_line.vivero("data", "add", "churn", "churn.csv")
    assert added.returncode == 0, added.stderr
    done = command_line.run("--config-dir", "conf", "+experiment=customers")
    assert done.returncode == 0, done.stderr
    metrics = shown(command_line, "runs")[0]["metrics"]
    assert metrics["cv_roc_auc"] > 0.6 > metrics["dummy_roc_auc"]
    card = command_line.vivero("models", "show", "churn").stdout
    assert (
        "churn:1" in card
        and "| city | Ulm |" in card
        and "    numbers: Pipeline() on columns of number" in card
        and "customer_id" not in card
    )

    server = Server(Layout(command_line.workspace), "model=churn")
    try:
        row = {"since": "2026-01-01", "spent": None, "city": "never seen"}
        status, _, answer = server.ask("/invocations", {"dataframe_records": [row]})
        assert status == 200 and json.loads(answer)["predictions"][0] in ("yes", "no")
    finally:
        server.stop()


@pytest.mark.slow("runs a sweep", seconds=60)
def test_a_sweep_ends_with_the_best_on_all_rows(command_line: CommandLine) -> None:
    done = command_line.run(
        "-m", "train.data=sklearn:wine", "estimator=svc,gaussian_nb", "preprocessing=standard", "model.name=best"
    )
    assert done.returncode == 0, done.stderr
    sweep = shown(command_line, "sweep", "latest")
    runs = {run["id"]: run for run in shown(command_line, "runs")}
    trials = [run for run in runs.values() if run["id"] != sweep["final"]]
    board = sweep["leaderboard"]
    assert [row["score"] for row in board] == sorted((run["metrics"]["cv_score"] for run in trials), reverse=True)
    assert all(row["low"] <= row["score"] <= row["high"] for row in board) and board[0]["tied"]
    assert "95 % intervals" in command_line.vivero("sweep", "latest").stdout
    assert len(trials) == 2 and not any("holdout_accuracy" in run["metrics"] for run in trials)
    final = runs[sweep["final"]]
    assert "holdout_accuracy" in final["metrics"] and final["model"] == sweep["model"] == "best:1"
    assert final["metrics"]["cv_score"] == max(run["metrics"]["cv_score"] for run in trials)
    assert "final run" in done.stdout and "Training the best, trial" in done.stdout


@pytest.mark.slow("runs a sweep", seconds=60)
def test_a_sweep_whose_final_run_fails_has_failed(command_line: CommandLine) -> None:
    (command_line.folder / "t.csv").write_text("a,b,c\n" + "".join(f"{n},{n % 2},{n}\n" for n in range(40)))
    done = command_line.run(
        "-m", "train.data=./t.csv", "train.target=b", "estimator=gaussian_nb,lda", "train.slices=[c]",
        "model.name=best", "model.framework_version=0.1",
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert "The final run" in done.stdout
    assert shown(command_line, "sweep", "latest")["state"] == "failed"


def test_a_run_with_a_script_of_its_own_is_named(command_line: CommandLine) -> None:
    command_line.script("print(1)\n")
    assert command_line.job().returncode == 0
    done = command_line.vivero("script", "latest")
    assert done.returncode == 1 and "has a script of its own" in done.stderr
