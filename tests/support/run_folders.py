"""Creates run folders, and starts the worker on them as a compute does."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from runner.layout import BOOTSTRAP
from runner.worker.job_order import JobOrder
from tests.support.waiting import wait_for


@dataclasses.dataclass
class Handle:
    """The environment of the tests, or a bare Python."""

    python: str = sys.executable
    record: Any = None
    attended = False

    def argv(self, argv: list[str]) -> list[str]:
        return [self.python, *argv[1:]] if argv[0] == "python" else argv

    inside = argv


def make_order(**fields: Any) -> JobOrder:
    """Return an order for a plain run."""
    plain: dict[str, Any] = {"variables": {}, "metrics": {}, "tags": {}, "inputs": {}, "script": "train.py", "grace": 2}
    return JobOrder(**{**plain, **fields})


class Folder:
    """A run's folder with a script."""

    def __init__(self, root: Path, script: str, arguments: list[str], python: str, order: dict[str, Any]) -> None:
        self.root, self.python = root, python
        self.work = root / "work"
        for folder in (self.work / "outputs", self.work / "logs", root / "logs", root / "requests"):
            folder.mkdir(parents=True)
        (self.work / "train.py").write_text(script)
        plain = {"run_id": "iris-1", "experiment": "iris", "number": 7, "argv": [python, "train.py", *arguments]}
        written = make_order(**{**plain, "grace": 5, **order}).to_json()
        (root / "order.json").write_text(json.dumps(written))

    def start(self, **options: Any) -> subprocess.Popen[bytes]:
        """Start the worker in its own session."""
        with (self.root / "logs" / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [self.python, "-B", "-s", str(BOOTSTRAP), "run.lifecycle", str(self.root)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )

    def run(self, seconds: float = 30, **options: Any) -> dict[str, Any]:
        """Run the worker until it ends and return the result."""
        worker = self.start(**options)
        try:
            worker.wait(seconds)
        finally:
            worker.kill()
            worker.wait()
        return self.result

    @property
    def result(self) -> dict[str, Any]:
        result = json.loads((self.root / "result.json").read_text())
        assert isinstance(result, dict)
        return result

    @property
    def log(self) -> bytes:
        return (self.root / "logs" / "run.log").read_bytes()

    @property
    def worker_log(self) -> str:
        return (self.root / "logs" / "worker.log").read_text()

    def saying(self, text: bytes, seconds: float = 10) -> bytes:
        """Wait until the script has printed a text, and return its log."""
        path = self.root / "logs" / "run.log"
        wait_for(lambda: path.exists() and text in path.read_bytes(), seconds)
        return self.log

    def number(self, name: str) -> int:
        """Wait for a file in the working folder that contains a pid."""
        path = self.work / name
        wait_for(lambda: path.exists() and path.read_text().endswith("\n"))
        return int(path.read_text())


def make(root: Path, script: str, *arguments: str, python: str = sys.executable, **order: Any) -> Folder:
    """Return a run's folder with the given script."""
    return Folder(root / "run of mine", script, list(arguments), python, order)


def lives(pid: int) -> bool:
    """Return whether a process is running. A zombie is not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def end(pid: int) -> None:
    """Kill a process of the test if it is still running."""
    if lives(pid):
        os.kill(pid, signal.SIGKILL)
