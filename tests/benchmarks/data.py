"""Whole-process time of adding a large file and adding it again, and of listing 10,000 data assets.

``python -m tests.benchmarks.data [--megabytes N] [--assets N]`` makes the data and prints medians with their spread.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from runner.io.files import write_json
from runner.layout import Layout
from runner.store.data.store import DataStore
from tests.support.command_line import ROOT

AGAIN, LIST = 0.3, 0.5  # seconds
REPEATS = 5


def timed(*words: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "runner.cli", *words], cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def show(name: str, times: list[float], limit: float | None = None) -> None:
    median = statistics.median(times)
    verdict = "" if limit is None else f"   under {limit} s: {'met' if median < limit else 'missed'}"
    print(f"{name:<28} median {median:.3f} s   {min(times):.3f} to {max(times):.3f} s{verdict}", flush=True)


def add(folder: Path, megabytes: int) -> None:
    path, where = folder / "large.bin", ["--workspace", str(folder / "large")]
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(os.urandom(1 << 20))
    show(f"add {megabytes} MB", [timed("data", "add", "large", str(path), *where)])
    show("add the same again", [timed("data", "add", "large", str(path), *where) for _ in range(REPEATS)], AGAIN)


def listing(folder: Path, number: int) -> None:
    layout = Layout(folder / "many")
    layout.create()
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    first = DataStore(layout).add("asset0", [folder / "rows.csv"]).record
    for index in range(1, number):  # made by hand: adding ten thousand takes its fsyncs
        version = layout.asset(f"asset{index}") / "1"
        version.mkdir(parents=True)
        write_json(version / "data.json", {**first.to_json(), "name": f"asset{index}"}, durable=False)
    where = ["--workspace", str(layout.root)]
    time.sleep(2.1)  # a folder that has just changed is not yet kept in the cache
    show(f"list {number} for the first time", [timed("data", *where)])
    show("vivero data", [timed("data", *where) for _ in range(REPEATS)], LIST)
    show("vivero data --json", [timed("data", "--json", *where) for _ in range(REPEATS)], LIST)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--assets", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        add(Path(folder), given.megabytes)
        listing(Path(folder), given.assets)


if __name__ == "__main__":
    main()
