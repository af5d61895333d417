"""A pipeline of three steps against ``dvc repro`` and a Makefile over the same scripts.

``python -m tests.benchmarks.pipelines [--rounds 5] [--sweeps 5] [--trials 20] [--dvc PATH]``: whole commands in
turn, with nothing changed and with one parameter of the last step changed. Then a sweep over the last step against a
sweep of that step alone. Without ``--dvc``, the path of its program, DVC is left out.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNCHANGED, SWEEP = 1.0, 1.10  # limits: seconds, and times a sweep of the step alone
SCRIPTS = {
    "prepare.py": """
import argparse, joblib, os
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
parser = argparse.ArgumentParser()
parser.add_argument("--out")
out = parser.parse_args().out
os.makedirs(out, exist_ok=True)
joblib.dump(train_test_split(*load_breast_cancer(return_X_y=True), random_state=0), os.path.join(out, "data.joblib"))
""",
    "train.py": """
import argparse, joblib, os
from sklearn.ensemble import RandomForestClassifier
parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--out")
given = parser.parse_args()
train_x, _, train_y, _ = joblib.load(os.path.join(given.data, "data.joblib"))
os.makedirs(given.out, exist_ok=True)
joblib.dump(RandomForestClassifier(random_state=0).fit(train_x, train_y), os.path.join(given.out, "model.joblib"))
""",
    "evaluate.py": """
import argparse, joblib, os
from sklearn.metrics import f1_score
parser = argparse.ArgumentParser()
for name in ("--data", "--model", "--limit", "--out"):
    parser.add_argument(name)
given = parser.parse_args()
_, test_x, _, test_y = joblib.load(os.path.join(given.data, "data.joblib"))
model = joblib.load(os.path.join(given.model, "model.joblib"))
score = f1_score(test_y, model.predict_proba(test_x)[:, 1] >= float(given.limit))
os.makedirs(given.out, exist_ok=True)
with open(os.path.join(given.out, "score.txt"), "w") as file:
    file.write(str(score))
print("Score: %s" % score)
""",
}
OURS = """# @package _global_
experiment_name: chain
job: {source: src, metrics: {Score: 'Score: (\\S+)'}}
pipeline:
  steps:
    prepare: {job: {script: prepare.py, arguments: {out: outputs}}}
    train: {job: {script: train.py, arguments: {data: "${step:prepare.outputs}", out: outputs}}}
    evaluate:
      job:
        script: evaluate.py
        arguments: {data: "${step:prepare.outputs}", model: "${step:train.outputs}", limit: 0.5, out: outputs}
"""
DVC = """stages:
  prepare: {cmd: PYTHON src/prepare.py --out data, deps: [src/prepare.py], outs: [data]}
  train: {cmd: PYTHON src/train.py --data data --out model, deps: [src/train.py, data], outs: [model]}
  evaluate:
    cmd: PYTHON src/evaluate.py --data data --model model --limit ${limit} --out score
    deps: [src/evaluate.py, data, model]
    params: [limit]
    outs: [score]
"""
MAKE = """include limit.mk
score/score.txt: src/evaluate.py data/data.joblib model/model.joblib limit.mk
\tPYTHON src/evaluate.py --data data --model model --limit $(limit) --out score
model/model.joblib: src/train.py data/data.joblib
\tPYTHON src/train.py --data data --out model
data/data.joblib: src/prepare.py
\tPYTHON src/prepare.py --out data
"""
Command = Callable[[float], list[str]]
"""Returns the words of a command, after it has set the parameter of the last step."""


def run(command: list[str], folder: Path) -> float:
    """Return the seconds of a whole process that must succeed."""
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        raise SystemExit(f"{command[:6]}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds


def with_scripts(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    for name, text in SCRIPTS.items():
        (folder / "src" / name).write_text(text)
    return folder


def ours(folder: Path) -> Command:
    conf = folder / "conf" / "experiment"
    conf.mkdir(parents=True)
    (conf / "chain.yaml").write_text(OURS)
    words = [sys.executable, "-m", "runner", "--config-dir", "conf", "+experiment=chain", "model.register=none"]
    return lambda limit: [*words, f"pipeline.steps.evaluate.job.arguments.limit={limit}"]


def makefile(folder: Path) -> Command:
    (folder / "Makefile").write_text(MAKE.replace("PYTHON", sys.executable))

    def command(limit: float) -> list[str]:
        text = f"limit = {limit}\n"
        place = folder / "limit.mk"
        if not place.exists() or place.read_text() != text:
            place.write_text(text)
        return ["make"]

    return command


def dvc(program: str) -> Callable[[Path], Command]:
    def prepared(folder: Path) -> Command:
        run([program, "init", "--no-scm", "-q"], folder)
        run([program, "config", "core.analytics", "false"], folder)
        (folder / "dvc.yaml").write_text(DVC.replace("PYTHON", sys.executable))

        def command(limit: float) -> list[str]:
            (folder / "params.yaml").write_text(f"limit: {limit}\n")
            return [program, "repro"]

        return command

    return prepared


def spread(name: str, values: list[float]) -> float:
    middle = statistics.median(values)
    print(f"{name:<34} median {middle:.3f} s   {min(values):.3f} to {max(values):.3f} s", flush=True)
    return middle


def compare(place: Path, rounds: int, program: str | None) -> None:
    """Measure all tools in turn, with nothing changed and with a parameter changed."""
    tools: dict[str, Callable[[Path], Command]] = {"vivero": ours, "make": makefile}
    if program is not None:
        tools["dvc"] = dvc(program)
    folders = {name: with_scripts(place / name) for name in tools}
    commands = {name: make(folders[name]) for name, make in tools.items()}
    times: dict[str, list[float]] = {}
    for name, command in commands.items():
        times[f"{name}, first time"] = [run(command(0.5), folders[name])]
    for number in range(rounds):
        limit = round(0.1 + 0.01 * number, 2)
        for name, command in commands.items():
            times.setdefault(f"{name}, parameter changed", []).append(run(command(limit), folders[name]))
        for name, command in commands.items():
            times.setdefault(f"{name}, nothing changed", []).append(run(command(limit), folders[name]))
    middles = {what: spread(what, values) for what, values in sorted(times.items())}
    middle = middles["vivero, nothing changed"]
    print(f"limit of nothing changed {UNCHANGED} s: {'met' if middle <= UNCHANGED else 'missed'}")


def sweeps(place: Path, rounds: int, trials: int) -> None:
    """Measure a sweep over the last step, and the same of that step alone. Its inputs are there in both."""
    folder = with_scripts(place / "sweeps")
    run(ours(folder)(0.5), folder)
    for name, words in (("prepare", ["--out", "data"]), ("train", ["--data", "data", "--out", "model"])):
        run([sys.executable, f"src/{name}.py", *words], folder)
    base = [sys.executable, "-m", "runner", "-m", "compute.slots=2", "model.register=none"]
    chain = [*base, "--config-dir", "conf", "+experiment=chain"]
    alone = [
        *base,
        "job.source=src",
        "job.script=evaluate.py",
        "experiment_name=alone",
        "+job.metrics.Score='Score: (.*)'",
    ]
    alone += [f"+job.arguments.{name}={folder / name}" for name in ("data", "model")] + ["+job.arguments.out=outputs"]
    times: dict[str, list[float]] = {"pipeline": [], "alone": []}
    for number in range(rounds + 1):  # the first round only warms what is cached
        values = ",".join(str(round(0.2 + 0.001 * (number * trials + index), 4)) for index in range(trials))
        key = "job.arguments.limit"
        pair = (
            run([*alone, f"+{key}={values}"], folder),
            run([*chain, f"pipeline.steps.evaluate.{key}={values}"], folder),
        )
        if number:
            times["alone"].append(pair[0])
            times["pipeline"].append(pair[1])
    whole = spread(f"{trials} trials over the last step", times["pipeline"])
    part = spread(f"{trials} trials of that step alone", times["alone"])
    print(f"ratio {whole / part:.2f}   limit {SWEEP}: {'met' if whole / part <= SWEEP else 'missed'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sweeps", type=int, default=5, help="rounds of sweeps")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--dvc", help="the program, such as ../dvc/bin/dvc")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.rounds:
            compare(Path(folder), given.rounds, given.dvc and os.path.abspath(given.dvc))
        sweeps(Path(folder), given.sweeps, given.trials)


if __name__ == "__main__":
    main()
