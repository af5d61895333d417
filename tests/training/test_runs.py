"""Declared trainings as users start them: a run, a sweep, a served model, the exported script."""

import json
import subprocess
import sys
from typing import Any

import joblib
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
