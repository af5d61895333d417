"""What a container costs beside a virtual environment, and what a changed package costs.

``python tests/benchmarks/environment [--rounds 7] [--base IMAGE]``: the same script in both, with everything cached,
whole commands in turn: from the command's start to the script's first line, and to the command's end. Then a package
of the image is changed: the time of the build, and the layers that the two images share. Last, 20 trials of the iris
script in one warm container against 20 times ``docker run``, two at a time each.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = "import time\nprint('first', time.time())\n"
PACKAGES = "['joblib==1.4.2', 'six==1.16.0']"
PENALTIES = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,1.0"
CHANGED = "['joblib==1.4.2', 'six==1.17.0']"


def run(folder: Path, *words: str) -> tuple[float, float]:
    """Return the seconds to the script's first line and to the end."""
    command = [sys.executable, "-m", "runner", "job.source=src", "job.script=train.py", *words]
    begun = time.time()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    ended = time.time()
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    first = next(float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("first "))
    return first - begun, ended - begun


def told(name: str, times: list[float]) -> str:
    return f"  {name:<28} {statistics.median(times):6.2f} s  {min(times):6.2f} to {max(times):6.2f}"


def layers(folder: Path) -> list[list[str]]:
    """Return the layers of the images that were built in a folder's workspace."""
    from runner.environments.docker.engine import WORKSPACE, connect

    client = connect()
    images = client.images.list("vivero", filters={"label": f"{WORKSPACE}={folder / '.vivero'}"})
    image_layers = [image.attrs["RootFS"]["Layers"] for image in images]
    for image in images:
        client.images.remove(str(image.id), force=True)
    return image_layers


def sweep(folder: Path, base: str) -> float:
    """Return the seconds of a sweep of 20 trials in a warm container."""
    words = ["-m", "+experiment=iris", "environment=docker", f"environment.base_image={base}", "compute.slots=2"]
    words += ["model.register=none", "job.arguments.kernel=linear,rbf", f"job.arguments.penalty={PENALTIES}"]
    return whole([sys.executable, "-m", "runner", *words], folder)


def docker_runs(folder: Path, image: str) -> float:
    """Return the seconds of 20 containers that run the bare script."""
    mounts = f"-v {ROOT / 'projects' / 'iris'}:/iris:ro -v {ROOT / 'runner' / 'worker'}:/worker:ro"
    script = "python /iris/train_iris.py --kernel $0 --penalty $1"
    command = f"docker run --rm {mounts} -w /tmp -e PYTHONPATH=/worker/shims {image} {script}"
    trials = " ".join(f"{kernel} {penalty}" for kernel in ("linear", "rbf") for penalty in PENALTIES.split(","))
    return whole(["sh", "-c", f"echo {trials} | xargs -P2 -n2 sh -c '{command}'"], folder)


def whole(command: list[str], folder: Path) -> float:
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return time.perf_counter() - begun


def against_docker_run(base: str, rounds: int) -> None:
    """Compare a warm container with a container for each trial."""
    from runner.environments.docker.engine import WORKSPACE, connect

    folder = Path(tempfile.mkdtemp())
    ours, theirs = [], []
    sweep(folder, base)  # builds
    (image,) = connect().images.list("vivero", filters={"label": f"{WORKSPACE}={folder / '.vivero'}"})
    for _ in range(rounds):
        ours.append(sweep(folder, base))
        theirs.append(docker_runs(folder, str(image.id)))
    print(told("20 trials, warm container", ours))
    print(told("20 times docker run", theirs))
    print(f"  {statistics.median(theirs) / statistics.median(ours):.1f} times as fast")
    connect().images.remove(str(image.id), force=True)
    shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--base", default="vivero-test-base:bookworm")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text(SCRIPT)
    docker = ("environment=docker", f"environment.base_image={arguments.base}")
    ways = {
        "venv": ("environment=venv", f"environment.packages={PACKAGES}"),
        "container": (*docker, f"environment.spec.packages={PACKAGES}"),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(arguments.rounds + 1):  # the first builds
        for name, words in ways.items():
            took = run(folder, *words)
            if number:
                seconds[name].append(took)
    for at, what in enumerate(("first line", "end")):
        for name, rounds in seconds.items():
            print(told(f"{name}, to the {what}", [took[at] for took in rounds]))
    begun = time.perf_counter()
    run(folder, *docker, f"environment.spec.packages={CHANGED}")
    print(f"  one package changed: {time.perf_counter() - begun:.2f} s, the whole command")
    both = layers(folder)
    print(
        f"  layers: {', '.join(str(len(stack)) for stack in both)}, shared {len(set(both[0]).intersection(*both[1:]))}"
    )
    shutil.rmtree(folder)
    against_docker_run(arguments.base, arguments.rounds)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
