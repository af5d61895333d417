"""Whole-process time of ``vivero runs`` over 10,000 runs and of naming the latest of 10,000 versions.

``python tests/benchmarks/history.py [NUMBER]`` makes the records and prints medians with their spread.
"""

import dataclasses
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from runner.io.files import write_json  # noqa: E402
from runner.layout import Layout  # noqa: E402
from runner.records import FinalizeRecord, ModelRecord, RunRecord  # noqa: E402
from runner.store.registry import FileRegistry  # noqa: E402
from runner.store.runs import FileRunStore  # noqa: E402

LIMIT = 0.5  # seconds
REPEATS = 7


def fill(layout: Layout, number: int) -> None:
    runs, registry = FileRunStore(layout), FileRegistry(layout)
    time_ = "2026-01-01T00:00:00.000000Z"
    base = RunRecord(id="x", experiment="e", status="completed", created=time_, ended=time_)
    for index in range(number):
        metrics = FinalizeRecord(metrics={"accuracy": index / number, "loss": 1.0})
        runs.create(dataclasses.replace(base, id=f"e-20260101-000000-{index:08x}", finalize=metrics))
    artefact = layout.root / "model.joblib"
    artefact.write_bytes(b"model")
    record = ModelRecord(name="iris", version=0, created="", artefact="", sha256="", bytes=0)
    first = registry.register(artefact, record)
    source = layout.model("iris") / "1"
    for version in range(2, number + 1):  # made by hand: registering ten thousand takes its fsyncs
        folder = layout.model("iris") / str(version)
        folder.mkdir()
        write_json(folder / "model.json", {**first.to_json(), "version": version}, durable=False)
        os.link(source / "model.joblib", folder / "model.joblib")
    assert first.version == 1


def measure(name: str, words: list[str]) -> None:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "runner.cli", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    verdict = "met" if median < LIMIT else "missed"
    print(f"{name:<28} median {median:.3f} s   {min(times):.3f} to {max(times):.3f} s   under {LIMIT} s: {verdict}")


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder) / "workspace")
        layout.create()
        fill(layout, number)
        where = ["--workspace", str(layout.root)]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "runner.cli", "runs", *where], cwd=ROOT, stdout=subprocess.DEVNULL)
        print(f"{number} runs, {number} versions; building the index took {time.perf_counter() - start:.2f} s")
        measure("runs", ["runs", *where])
        measure("runs --json", ["runs", "--json", *where])
        measure("runs --where", ["runs", "--where", "accuracy > 0.95", *where])
        measure("show latest", ["show", "latest", *where])
        measure("models show NAME (latest)", ["models", "show", "iris", *where])


if __name__ == "__main__":
    main()
