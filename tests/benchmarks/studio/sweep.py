"""What studios cost a sweep on the same workspace: two of them, each with an open page that follows it."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
TRIALS, PAUSE = 60, 0.05
SCRIPT = f"import sys, time\ntime.sleep({PAUSE})\nprint(sys.argv)\n"
GOAL = 3.0  # percent


def sweep(folder: Path) -> float:
    """Return the seconds of a sweep of short trials, all of which must be recorded."""
    workspace = folder / "workspace"
    before = set(workspace.glob("runs/*/*/run.json"))
    words = [
        "experiment_name=bench", f"job.source={folder / 'source'}", "job.script=train.py", "environment=current",
        "compute.slots=2", "model.register=none", f"workspace.root={workspace}", "sweep.objective=null",
        f"+job.arguments.n={','.join(map(str, range(TRIALS)))}",
    ]  # fmt: skip
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "runner", "-m", *words], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    records = [json.loads(path.read_bytes()) for path in set(workspace.glob("runs/*/*/run.json")) - before]
    if done.returncode != 0 or [record["status"] for record in records] != ["completed"] * TRIALS:
        raise SystemExit(f"the sweep failed: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds


@contextlib.contextmanager
def watched(folder: Path, chromium: Any, serve: Any) -> Iterator[None]:
    """Have two studios, one with the list of runs in sight and one with the list of sweeps."""
    with contextlib.ExitStack() as stack:
        for name in ("runs", "sweeps"):
            port = stack.enter_context(serve(folder / "workspace"))
            page = chromium.new_page(viewport={"width": 1400, "height": 900})
            stack.callback(page.close)
            page.goto(f"http://127.0.0.1:{port}/w/1/{name}")
            page.locator("#live.on").wait_for()
        yield


def measure(chromium: Any, serve: Any, pairs: int) -> None:
    """Print the times of sweeps without and with studios, in turn."""
    results: dict[str, list[float]] = {"alone": [], "with two studios": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "source").mkdir()
        (folder / "source" / "train.py").write_text(SCRIPT)
        sweep(folder)  # compiles modules and makes the workspace
        for at in range(pairs):
            for which in list(results) if at % 2 == 0 else list(results)[::-1]:
                with watched(folder, chromium, serve) if which != "alone" else contextlib.nullcontext():
                    results[which].append(sweep(folder))
    print(f"a sweep of {TRIALS} trials of {PAUSE * 1000:.0f} ms")
    for which, times in results.items():
        print(f"  {which:<18} {statistics.median(times):8.3f} s   {min(times):.3f} to {max(times):.3f}")
    more = 100 * (statistics.median(results["with two studios"]) / statistics.median(results["alone"]) - 1)
    print(f"  studios cost {more:+.1f} %; within {GOAL:.0f} %: {'met' if more <= GOAL else 'missed'}")
