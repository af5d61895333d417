"""A user with a cluster of three machines."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from runner.layout import RunLayout
from tests.support.command_line import CommandLine
from tests.support.nodes.cluster import AnyCluster
from tests.support.nodes.machine import Machine
from tests.support.waiting import wait_for

BARE = ["environment=venv", "environment.packages=[]"]
LOST = ["compute.lost_after_seconds=3"]  # seconds of silence after which a node is lost


class Team(CommandLine):
    """Runs commands as a cluster's user, in a folder of the user's home."""

    def __init__(self, cluster: AnyCluster, name: str, **settings: object) -> None:
        super().__init__(cluster.user.new_folder(name))
        self.cluster = cluster
        self.begun: list[subprocess.Popen[bytes]] = []
        self.words = cluster.compute(self.folder, **settings)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command as the cluster's user."""
        user = self.cluster.user
        options["variables"] = {**user.variables(), **options.get("variables", {})}
        process = super().start(*words, before=user.words(Path(options.get("cwd") or self.folder)), **options)
        self.begun.append(process)
        return process

    def end(self) -> None:
        """Clean up after a failed test."""
        for process in self.begun:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def begin(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a run of ``src/train.py`` and return its process."""
        bare = [] if any(word.startswith("environment") for word in words) else BARE
        return self.start("runner", *self.words, "job.source=src", "job.script=train.py", *bare, *words, **options)

    def train(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run ``src/train.py`` until it ends, and check that its exit code is `code`."""
        done = self.finish(self.begin(*words))
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def nodes(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``vivero nodes``."""
        return self.vivero("nodes", *words, *self.words)

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all runs, oldest first."""
        return [json.loads(path.read_text()) for path in self._records()]

    def folders(self) -> list[RunLayout]:
        """Return the folders of all runs, oldest first."""
        return [RunLayout(path.parent) for path in self._records()]

    def _records(self) -> list[Path]:
        return sorted(self.workspace.glob("runs/*/*/run.json"))

    def wait_for_log(self, text: str, seconds: float = 30) -> None:
        """Wait until the last run's log contains a text."""

        def there() -> bool:
            last = self.folders()[-1:]
            return bool(last) and last[0].log.exists() and text in last[0].log.read_text()

        wait_for(there, seconds)

    def wait_for_end(self, seconds: float = 60) -> dict[str, Any]:
        """Wait until the last run has ended. If no process follows it, start one."""

        def ended() -> dict[str, Any]:
            record: dict[str, Any] = json.loads(self.vivero("show", "latest", "--json").stdout)
            if not record["followed"]:
                self.vivero("recover")
            return record if record["status"] in ("completed", "failed", "canceled") else {}

        return wait_for(ended, seconds, pause=0.5)

    def has_a_run_on(self, machine: Machine) -> bool:
        """Return whether the controller knows an active run on a machine."""
        return any(
            run.job.exists() and not run.result.exists() and json.loads(run.job.read_text())["node"] == machine.name
            for run in self.folders()
        )

    def node(self) -> Machine:
        """Return the machine of the last run."""
        return self.machine(json.loads(self.folders()[-1].job.read_text())["node"])

    def machine(self, name: str) -> Machine:
        """Return a machine by name."""
        machine: Machine = next(machine for machine in self.cluster.machines if machine.name == name)
        return machine

    def place(self) -> Path:
        """Return the path on this machine of the last run's folder on its node."""
        return self.node().root / "runs" / str(json.loads(self.folders()[-1].job.read_text())["folder"])


ENDLESS = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"
COUNTING = """
import sys, time
for number in range({many}):
    print("line", number, flush=True)
    time.sleep({pause})
open("outputs/done.txt", "w").write("done")
"""


def lines(many: int) -> str:
    """Return the output of `COUNTING`."""
    return "".join(f"line {number}\n" for number in range(many))
