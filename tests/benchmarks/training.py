"""A declared training against a script that trains the same, as one run and as a sweep, in time and memory.

``python -m tests.benchmarks.training [--rounds 5] [--trials 100]``: whole commands in turn. The script of one run is
what ``vivero script`` prints, with its model in ``outputs``, so that both register one. It cross-validates and scores
the holdout, and leaves out the dummy, intervals, importance, charts and card of a declared training. The script of the
sweep cross-validates, as a trial does; only the declared sweep ends with a run that trains and registers the best, so
sweeps are compared with and without it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ONE, SWEEP, MEMORY = 1.10, 1.0, 1.10  # limits: times the script
TRIAL = """
import argparse
from azureml.core import Run
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold, cross_validate, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
parser = argparse.ArgumentParser()
parser.add_argument("--C", type=float)
model = make_pipeline(StandardScaler(), SVC(C=parser.parse_args().C))
X, y = load_iris(return_X_y=True, as_frame=True)
X, _, y, _ = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
folds = StratifiedKFold(5, shuffle=True, random_state=0)
found = cross_validate(model, X, y, cv=folds, scoring=["accuracy", "f1_macro"])
for name in ("accuracy", "f1_macro"):
    Run.get_context().log(name, found["test_" + name].mean())
"""


def run(command: list[str], folder: Path) -> tuple[float, str]:
    """Return the seconds of a whole process that must succeed, and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        raise SystemExit(f"{command[:4]}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds, done.stdout


def run_sweep(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the seconds of a whole sweep, and those until its last trial ended."""
    begun = datetime.now(UTC)
    seconds = run(command, folder)[0]
    newest = max((folder / "workspace" / "sweeps").glob("*/sweep.json"), key=lambda path: path.stat().st_mtime)
    ended = datetime.fromisoformat(json.loads(newest.read_text())["ended"])
    return seconds, (ended - begun).total_seconds()


def peak_memory(folder: Path, experiment: str) -> list[float]:
    """Return the peak memory of each run of an experiment in MB."""
    results = (folder / "workspace" / "runs" / experiment).glob("*/result.json")
    return [json.loads(path.read_text())["peak_memory"] / 1e6 for path in results]


def spread(name: str, values: list[float], unit: str) -> float:
    middle = statistics.median(values)
    print(f"{name:<22} median {middle:.2f} {unit}   {min(values):.2f} to {max(values):.2f} {unit}")
    return middle


def compare(name: str, pairs: list[tuple[float, float]], limit: float, unit: str = "s") -> None:
    script = spread(f"{name}, script", [pair[0] for pair in pairs], unit)
    declared = spread(f"{name}, declared", [pair[1] for pair in pairs], unit)
    verdict = "met" if declared / script <= limit else "missed"
    print(f"{'':<22} ratio  {declared / script:.2f}   limit {limit}: {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "src"
        source.mkdir()
        words = ["workspace.root=workspace", f"job.source={source}"]
        declared = ["runner", "+experiment=iris_declared", "workspace.root=workspace"]
        run([*declared, "experiment_name=first"], folder)  # the run that the script repeats
        (first,) = [path.name for path in (folder / "workspace/runs/first").iterdir() if path.name[0] != "."]
        text = run(["runner.cli", "script", first, "--workspace", "workspace"], folder)[1]
        assert '"model.joblib"' in text
        (source / "train.py").write_text(text.replace('"model.joblib"', '"outputs/model.joblib"'))
        (source / "trial.py").write_text(TRIAL)
        script = ["runner", *words, "job.script=train.py", "model.name=script", "experiment_name=script"]
        pairs = [(run(script, folder)[0], run(declared, folder)[0]) for _ in range(given.rounds)]
        compare("one run", pairs, ONE)
        memory = [peak_memory(folder, name) for name in ("script", "iris_declared")]
        compare("memory of one run", list(zip(*memory, strict=True)), MEMORY, "MB")
        costs = ",".join(str(round(0.01 * 1.1**number, 6)) for number in range(given.trials))
        trials = ["runner", "-m", *words, "job.script=trial.py", "model.register=none", f"+job.arguments.C={costs}"]
        many = [*declared[:1], "-m", *declared[1:], f"estimator.C={costs}"]
        rounds = [(run_sweep(trials, folder), run_sweep(many, folder)) for _ in range(given.rounds)]
        compare(f"{given.trials} trials", [(script[1], declared[1]) for script, declared in rounds], SWEEP)
        compare("with the final run", [(script[0], declared[0]) for script, declared in rounds], SWEEP)


if __name__ == "__main__":
    main()
