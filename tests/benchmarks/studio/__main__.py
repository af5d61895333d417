"""Time pages of the studio, and of ``mlflow ui`` on SQLite with the same runs, in one Chromium.

``python -m tests.benchmarks.studio [--rounds 5] [--sizes 1000,10000,100000] [--compared 100,500] [--points 1000000]
[--peer FOLDER]``: FOLDER is a virtual environment with MLflow, which is made if it does not exist; without it only the
studio is measured. ``--sweep [--rounds 5]`` measures what studios cost a sweep instead.
A page is ready when what its reader came for is drawn: the rows of a table, the lines of a chart.
The two take turns. Medians are printed with their spread.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import playwright.sync_api as playwright

from tests.benchmarks.studio.runs import EXPERIMENT, LONG, write_ours, write_theirs
from tests.benchmarks.studio.sweep import measure as measure_sweep

ROOT = Path(__file__).resolve().parents[3]
LINES = "document.querySelector('.js-plotly-plot path.js-line')"
DRAWN = "document.querySelector('.sketch .curve, .js-plotly-plot path.js-line')"
LONGEST = 180.0  # seconds; a page that needs more is reported as not ready


@dataclass
class Tool:
    """A server and where its pages are."""

    name: str
    command: list[str]
    folder: Path
    runs: str
    listed: str  # a JavaScript expression that is true once runs are listed
    compare: Callable[[int], str]
    compared: str
    curve: str


def studio(folder: Path, ids: list[str], port: int) -> Tool:
    command = [sys.executable, "-m", "runner.cli", "studio", "--workspace", str(folder), "--port", str(port)]
    return Tool(
        "studio", [*command, "--no-browser"], ROOT, "/w/1/runs", "document.querySelectorAll('tbody tr').length >= 10",
        lambda number: "/w/1/compare?" + "&".join(f"run={run_id}" for run_id in ids[:number]),
        "document.querySelector('#chart svg path')", f"/w/1/run/{ids[0]}?tab=metrics",
    )  # fmt: skip


def mlflow(folder: Path, ids: list[str], port: int, peer: Path) -> Tool:
    command = [str(peer / "bin" / "mlflow"), "ui", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]

    def compare(number: int) -> str:
        listed = ",".join(f'"{run_id}"' for run_id in ids[:number])
        return f'/#/compare-runs?runs=[{listed}]&experiments=["1"]'

    return Tool(
        "mlflow", [*command, "--port", str(port), "--workers", "1"], folder,
        "/#/experiments/1/runs",
        "[...document.querySelectorAll('a')].filter(one => /^run-[0-9]+$/.test(one.textContent)).length >= 10",
        compare, "document.querySelector('.js-plotly-plot .parcoords')",
        f"/#/experiments/1/runs/{ids[0]}/model-metrics",
    )  # fmt: skip


@contextlib.contextmanager
def running(tool: Tool, port: int) -> Iterator[int]:
    """Yield the pid of a tool's server, which may not answer yet."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            tool.command, cwd=tool.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        try:
            yield process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            wait_until(lambda: not listens(port))


def wait_until(condition: Callable[[], object]) -> None:
    until = time.perf_counter() + LONGEST
    while not condition():
        if time.perf_counter() > until:
            raise SystemExit("a server did not answer")
        time.sleep(0.005)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory(pid: int) -> float:
    """Return the megabytes of a process and its children."""
    import psutil

    first = psutil.Process(pid)
    return sum(process.memory_info().rss for process in [first, *first.children(recursive=True)]) / 1e6


class Browser:
    """A page that starts empty for each measurement; what it has fetched once is cached, as for a user."""

    def __init__(self, chromium: Any) -> None:
        self._context = chromium.new_context(viewport={"width": 1400, "height": 900})

    def seconds(self, address: str, ready: str, begun: float | None = None) -> float:
        """Return how long a page takes until an expression is true, infinite if it never is."""
        page = self._context.new_page()
        begun = time.perf_counter() if begun is None else begun
        try:
            page.goto(address, wait_until="commit", timeout=LONGEST * 1000)
            page.wait_for_function(f"() => Boolean({ready})", polling=5, timeout=LONGEST * 1000)
            return time.perf_counter() - begun
        except playwright.Error as error:
            print(f"  not ready: {address[:80]}: {str(error).splitlines()[0]}", file=sys.stderr)
            return float("inf")
        finally:
            page.close()

    def close(self) -> None:
        self._context.close()


def measure(browser: Browser, tool: Tool, port: int, compared: list[int], results: dict[tuple[str, str], Any]) -> None:
    """Start a tool's server and take each of its times once."""
    base = f"http://127.0.0.1:{port}"
    begun = time.perf_counter()
    with running(tool, port) as pid:
        wait_until(lambda: listens(port))
        results["command to first page", tool.name].append(browser.seconds(base + tool.runs, tool.listed, begun))
        with urllib.request.urlopen(base) as answer:
            answer.read()
        results["runs page", tool.name].append(browser.seconds(base + tool.runs, tool.listed))
        for number in compared:
            results[f"compare {number} runs", tool.name].append(
                browser.seconds(base + tool.compare(number), tool.compared)
            )
        results["long metric", tool.name].append(browser.seconds(base + tool.curve, DRAWN))
        results["long metric, with zoom", tool.name].append(browser.seconds(base + tool.curve, LINES))
        results["memory", tool.name].append(memory(pid))


def show(title: str, results: dict[tuple[str, str], Any]) -> None:
    print(title)
    for (what, tool), values in results.items():
        unit = "MB" if what == "memory" else "s"
        print(
            f"  {what:<24} {tool:<8} {statistics.median(values):8.3f} {unit}   {min(values):.3f} to {max(values):.3f}"
        )


def make_peer(folder: Path) -> None:
    from uv import find_uv_bin

    if not (folder / "bin" / "mlflow").exists():
        subprocess.run([find_uv_bin(), "venv", "-q", "--python", sys.executable, str(folder)], check=True)
        python = str(folder / "bin" / "python")
        subprocess.run([find_uv_bin(), "pip", "install", "-q", "--python", python, "mlflow"], check=True)


def make_database(folder: Path, peer: Path) -> None:
    code = f"import mlflow; mlflow.set_tracking_uri('sqlite:///mlflow.db'); mlflow.create_experiment('{EXPERIMENT}')"
    subprocess.run([str(peer / "bin" / "python"), "-c", code], cwd=folder, check=True, capture_output=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--compared", default="100,500")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--peer", type=Path)
    parser.add_argument("--sweep", action="store_true")
    chosen = parser.parse_args()
    if chosen.peer is not None:
        chosen.peer = chosen.peer.resolve()
        make_peer(chosen.peer)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with playwright.sync_playwright() as driver:
        words = ["--no-sandbox", "--disable-background-networking"]
        started = driver.chromium.launch(executable_path=chromium, args=words)
        if chosen.sweep:
            measure_sweep(started, serving, chosen.rounds)
        for size in map(int, chosen.sizes.split(",")) if not chosen.sweep else ():
            measure_size(started, size, chosen)
        started.close()


@contextlib.contextmanager
def serving(workspace: Path) -> Iterator[int]:
    """Yield the port of a studio that answers."""
    port = free_port()
    with running(studio(workspace, [""], port), port):
        wait_until(lambda: listens(port))
        yield port


def measure_size(chromium: Any, size: int, chosen: argparse.Namespace) -> None:
    """Make the runs and print the times of a number of rounds."""
    compared = [number for number in map(int, chosen.compared.split(",")) if number <= size]
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        tools = [studio(folder / "workspace", write_ours(folder / "workspace", size, chosen.points), port)]
        if chosen.peer is not None:
            make_database(folder, chosen.peer)
            ids = write_theirs(folder / "mlflow.db", size, chosen.points)
            tools.append(mlflow(folder, ids, port, chosen.peer))
        browsers = {tool.name: Browser(chromium) for tool in tools}
        measured: list[dict[tuple[str, str], Any]] = []
        for _ in range(chosen.rounds + 1):  # the first one compiles modules and makes the index
            results: dict[tuple[str, str], Any] = defaultdict(list)
            for tool in tools:
                measure(browsers[tool.name], tool, port, compared, results)
            measured.append(results)
        for browser in browsers.values():
            browser.close()
        for later in measured[2:]:
            for key, values in later.items():
                measured[1][key] += values
        show(f"{size} runs; {LONG} of one has {chosen.points} points", measured[1])


if __name__ == "__main__":
    main()
