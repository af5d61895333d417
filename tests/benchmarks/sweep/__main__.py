"""A sweep of 50 trials against the shell loop over the bare script, and against Hydra's own launchers.

``python tests/benchmarks/sweep [--rounds 5]``: whole processes, two at a time each, in turn, every trial of ours
recorded and checked; a model is registered in none. Then 1,000 trials of a script of 10 ms: what a trial costs, and
what the controller holds.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
KERNELS, PENALTIES = ("linear", "rbf", "poly", "sigmoid", "linear"), [round(0.1 * n, 1) for n in range(1, 11)]
TRIALS = [(kernel, penalty) for kernel in KERNELS for penalty in PENALTIES]
APP = """
import hydra, joblib, os
@hydra.main(version_base="1.3", config_path=None, config_name="app")
def main(config):
    from sklearn.datasets import load_iris
    from sklearn.metrics import confusion_matrix
    from sklearn.model_selection import train_test_split
    from sklearn.svm import SVC
    x, y = load_iris(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(x, y, random_state=0)
    model = SVC(kernel=config.kernel, C=config.penalty).fit(train_x, train_y)
    print(model.score(test_x, test_y), confusion_matrix(test_y, model.predict(test_x)))
    folder = hydra.core.hydra_config.HydraConfig.get().runtime.output_dir
    joblib.dump(model, os.path.join(folder, "model.joblib"))
from hydra.core.config_store import ConfigStore
ConfigStore.instance().store(name="app", node={"kernel": "linear", "penalty": 1.0})
main()
"""


def run(command: list[str], folder: Path, **variables: str) -> float:
    """Return the seconds of a whole process that must succeed."""
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    if done.returncode != 0:
        raise SystemExit(f"{command[:6]}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds


def ours(folder: Path, *words: str) -> float:
    kernels, penalties = ",".join(KERNELS), ",".join(map(str, PENALTIES))
    command = [sys.executable, "-m", "runner", "-m", "+experiment=iris", "compute.slots=2", "model.register=none"]
    command += [f"job.arguments.kernel={kernels}", f"job.arguments.penalty={penalties}", "sweep.objective=Accuracy"]
    command += words
    seconds = run(command, folder, PYTHONPATH=str(ROOT))
    records = [json.loads(path.read_bytes()) for path in folder.glob(".vivero/runs/*/*/run.json")]
    complete = [
        record for record in records if record["status"] == "completed" and "Accuracy" in record["finalize"]["metrics"]
    ]
    if len(complete) != len(TRIALS):
        raise SystemExit(f"{len(complete)} of {len(TRIALS)} trials are recorded")
    return seconds


def fresh(folder: Path) -> float:
    """Ours without warm interpreters."""
    return ours(folder, "compute.warm=false")


def shell_loop(folder: Path) -> float:
    """The bare script, which records nothing; azureml's stand-in lets it run alone."""
    script = ROOT / "projects" / "iris" / "train_iris.py"
    line = f'mkdir -p $2 && cd $2 && exec "{sys.executable}" "{script}" --kernel $0 --penalty $1 > log'
    words = " ".join(f"{kernel} {penalty} {at}" for at, (kernel, penalty) in enumerate(TRIALS))
    command = ["sh", "-c", f"echo {words} | xargs -P2 -n3 sh -c '{line}'"]
    return run(command, folder, PYTHONPATH=str(ROOT / "runner" / "worker" / "shims"))


def hydra_launcher(name: str, cache: Path) -> Any:
    def measure(folder: Path) -> float:
        (folder / "app.py").write_text(APP)
        command = [str(cache / "bin" / "python"), "app.py", "-m", f"kernel={','.join(KERNELS)}"]
        command += [f"penalty={','.join(map(str, PENALTIES))}"]
        if name == "joblib":
            command += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
        return run(command, folder)

    return measure


def environment(cache: Path) -> None:
    from uv import find_uv_bin

    if not (cache / "built").exists():
        subprocess.run([find_uv_bin(), "venv", "-q", "--clear", "--python", sys.executable, str(cache)], check=True)
        python = str(cache / "bin" / "python")
        packages = ["hydra-core==1.3.*", "hydra-joblib-launcher", "scikit-learn"]
        subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", python, *packages], check=True)
        (cache / "built").touch()


def many(folder: Path, trials: int) -> None:
    """Show what a trial of a script of 10 ms costs, and the controller's memory along the way."""
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text("import time\ntime.sleep(0.01)\n")
    command = [sys.executable, "-m", "runner", "-m", "job.source=src", "job.script=train.py", "job.arguments={n: 0}"]
    command += [f"job.arguments.n=range({trials})", "compute.slots=2"]
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    begun, memory = time.perf_counter(), []
    ended = None
    while ended is None:
        with contextlib.suppress(OSError, StopIteration):  # it ends in this moment
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            memory.append(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")))
        with contextlib.suppress(subprocess.TimeoutExpired):
            ended = process.wait(0.5)
    if ended != 0:
        raise SystemExit("the sweep of many trials failed")
    seconds = time.perf_counter() - begun
    per_trial = seconds / trials * 1000 - 5  # two at a time: the scripts themselves take 5 ms a trial
    print(
        f"\n{trials} trials of 10 ms, 2 at a time: {seconds:.1f} s,"
        f" {per_trial:.1f} ms of it for each trial beside the scripts"
    )
    marks = [memory[len(memory) * part // 4] for part in (1, 2, 3)] + [memory[-1]]
    print(
        f"controller's memory at a quarter, half, three quarters, end: {', '.join(f'{mark:.0f}' for mark in marks)} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    cache = ROOT / ".vivero" / "benchmarks" / "hydra"
    ways = {"ours": ours, "shell loop": shell_loop, "hydra basic": hydra_launcher("basic", cache)}
    ways |= {"hydra joblib": hydra_launcher("joblib", cache), "ours, warm=false": fresh}
    ways = {name: way for name, way in ways.items() if not arguments.only or name in arguments.only.split(",")}
    if any(name.startswith("hydra") for name in ways):
        environment(cache)
    everything = Path(tempfile.mkdtemp())
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(arguments.rounds + 1):  # the first only warms up
        for name, way in ways.items():
            if name == "ours, warm=false" and number > 1:
                continue  # once shows it
            folder = Path(tempfile.mkdtemp(dir=everything))  # removed at the end: it slows the making of files after it
            took = way(folder)
            if number:
                seconds[name].append(took)
    print(f"{len(TRIALS)} trials, 2 at a time, whole processes")
    for name, times in seconds.items():
        if times:
            ratio = statistics.median(times) / statistics.median(seconds["ours"])
            print(
                f"  {name:<18} {statistics.median(times):6.2f} s  {min(times):6.2f} to {max(times):6.2f}"
                f"   {ratio:5.1f} times ours"
            )
    if arguments.many:
        many(Path(tempfile.mkdtemp(dir=everything)), arguments.many)
    shutil.rmtree(everything)


if __name__ == "__main__":
    main()
