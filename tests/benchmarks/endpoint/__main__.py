"""What an endpoint in a container costs beside one that is processes, in turn in one run.

``python tests/benchmarks/endpoint [--rounds 5] [--seconds 3] [--base IMAGE]`` needs ``wrk`` and an engine. The model is
a linear SVC; the container is asked through the port that the engine publishes, and with ``network=host``. With the
image there, also: seconds of ``vivero deploy`` until it answers, and of going over to another version.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

import joblib
import sklearn
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.environments.requirements.packages import installed_packages
from runner.layout import Layout
from runner.records import Inspection, ModelRecord
from runner.store.registry import FileRegistry
from tests.benchmarks.serving.__main__ import load
from tests.benchmarks.serving.peers import Peer

ROOT = Path(__file__).resolve().parents[3]
NEEDED = ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "narwhals")
CASES = [(1, 1), (1, 32), (100, 32)]  # rows, connections


def register(folder: Path) -> Layout:
    """Register two versions of one model."""
    layout, here = Layout(folder / "workspace"), installed_packages()
    layout.create()
    joblib.dump(SVC(kernel="linear").fit(*load_iris(return_X_y=True)), folder / "model.joblib")
    for _ in range(2):
        FileRegistry(layout).register(
            folder / "model.joblib",
            ModelRecord(
                name="svc", version=0, created="", artefact="model.joblib", sha256="", bytes=0,
                lock="".join(f"{name}=={here[name]}\n" for name in NEEDED if name in here),
                python_version=platform.python_version(), framework_version=sklearn.__version__,
                inspection=Inspection(path="model.joblib", sha256="", framework_version=sklearn.__version__),
            ),
        )  # fmt: skip
    return layout


def vivero(layout: Layout, *words: str) -> tuple[Any, float]:
    """Return what a command says and its seconds."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "runner.cli", *words, "--workspace", str(layout.root), "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout), time.perf_counter() - begun


def told(name: str, times: list[float], unit: str) -> str:
    return f"  {name:<18} {statistics.median(times):>10.2f} {unit}  {min(times):.2f} to {max(times):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--base", default="vivero-test-base:bookworm")
    arguments = parser.parse_args()
    docker = ["--set", "kind=docker", "--set", f"base_image={arguments.base}"]
    kinds = {"processes": [], "container": docker, "container, host": [*docker, "--set", "network=host"]}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        layout = register(folder)
        names = {name: f"e{number}" for number, name in enumerate(kinds)}
        deploy = {
            name: ["deploy", "svc:1", "--endpoint", names[name], "--set", "port=0", *words]
            for name, words in kinds.items()
        }
        try:
            begins, overs = ({name: list[float]() for name in kinds} for _ in range(2))
            for number in range(arguments.rounds + 1):  # the first builds what is needed
                for name in kinds:
                    seconds = vivero(layout, *deploy[name])[1]
                    over = vivero(layout, "deploy", "svc:2", "--endpoint", names[name])[1]
                    vivero(layout, "stop", names[name])
                    if number:
                        begins[name].append(seconds)
                        overs[name].append(over)
            for title, series in (("until it answers", begins), ("going over", overs)):
                print(title, *(told(name, times, "s") for name, times in series.items()), sep="\n")
            peers = []
            for name in kinds:
                address = vivero(layout, *deploy[name])[0]["address"]
                peers.append(Peer("ours", int(address.rpartition(":")[2]), "/", "/score"))
            for rows, connections in CASES:
                rates: dict[str, list[float]] = {name: [] for name in kinds}
                for number in range(arguments.rounds + 1):  # the first only warms up
                    for name, peer in zip(kinds, peers, strict=True):
                        rate, _ = load(peer, rows, connections, arguments.seconds if number else 1, folder)
                        if number:
                            rates[name].append(rate)
                print(
                    f"{rows} rows, {connections} connections", *(told(n, r, "/s") for n, r in rates.items()), sep="\n"
                )
        finally:
            for name in names.values():
                vivero(layout, "stop", name)
            remove_images(layout)


def remove_images(layout: Layout) -> None:
    """Remove the images that were built."""
    from runner.environments.docker.engine import WORKSPACE, connect

    client = connect()
    for image in client.images.list(filters={"label": f"{WORKSPACE}={layout.root}"}):
        client.images.remove(str(image.id), force=True)


if __name__ == "__main__":
    main()
