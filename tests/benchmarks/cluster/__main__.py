"""What the way to other machines costs: three nodes that share this machine's cores, so the scripts only sleep.

``python -m tests.benchmarks.cluster [--rounds 5] [--no-fits] [--disk]``, as root: from the command's start to the
script's first line, on nodes where nothing runs (the environment is built there) and where an interpreter is kept warm,
and the same at home; 300 trials of 0.1 s over 3 nodes of 4 slots, of which the ideal is 2.5 s, and the same over 12
slots at home; the bytes that are sent for a second run; 48 fits of an estimator that sleeps 0.5 s over three nodes of 4
slots and over
one, once the processes have made their imports.

The disks of the nodes, and home, are in memory, where the system has a place for that: this machine has one disk only.
``--disk`` has them in the folder for temporary files. An ext4 without a journal looks past all that was deleted in the
last minutes whenever a file is made, so that rounds slow the next ones down there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from tests.support.nodes.cluster import SshCluster
from tests.support.nodes.team import BARE, Team

MEMORY = "/dev/shm"
FIRST = "import time\nprint('first', time.time())\n"
TRIAL = "import time\ntime.sleep(0.1)\n"
FITS = """
import time
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

class Slow(ClassifierMixin, BaseEstimator):
    def __init__(self, n=0):
        self.n = n
    def fit(self, X, y):
        time.sleep(0.5)
        self.classes_ = [0, 1, 2]
        return self
    def predict(self, X):
        return [0] * len(X)

X, y = load_iris(return_X_y=True)
for _ in range(2):  # the first makes the imports in all processes, for which three nodes here have the cores of one
    begun = time.time()
    GridSearchCV(Slow(), {"n": list(range(24))}, cv=2, refit=False, n_jobs=-1).fit(X, y)
print("seconds", time.time() - begun)
"""


def ended(team: Team, *words: str) -> tuple[str, float]:
    """Return what a command printed, and when it was started."""
    begun = time.time()
    process = team.start("runner", *words, "job.source=src", "job.script=train.py")
    done = team.finish(process)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout, begun


def first(team: Team, *words: str) -> float:
    """Return the seconds from a command's start to the script's first line."""
    out, begun = ended(team, *words)
    return printed("first", out) - begun


def printed(name: str, out: str) -> float:
    """Return a number that the script printed after a name."""
    match = re.search(rf"^{name} ([\d.]+)$", out, re.MULTILINE)
    assert match is not None, out
    return float(match[1])


def seconds(team: Team, *words: str) -> float:
    """Return the seconds of a whole command."""
    _, begun = ended(team, *words)
    return time.time() - begun


def recorded(team: Team) -> float:
    """Return the seconds of the last sweep without the command around it: from its record's first to its last time."""
    record = json.loads(
        max(team.workspace.glob("sweeps/*/sweep.json"), key=lambda path: path.stat().st_mtime).read_text()
    )
    begun, over = (datetime.fromisoformat(record[name]) for name in ("created", "ended"))
    return (over - begun).total_seconds()


def told(name: str, times: list[float], unit: str = "s") -> None:
    print(f"  {name:<44} {statistics.median(times):8.2f} {unit}  {min(times):8.2f} to {max(times):8.2f}", flush=True)


def stop(team: Team) -> None:
    team.nodes("stop", "--runs")


def begin(team: Team, cluster: SshCluster, rounds: int) -> None:
    """Measure the way to the first line, and what a second run sends."""
    team.script(FIRST)
    ended(team, *team.words, *BARE)
    cold, warm, home, more = [], [], [], []
    for _ in range(rounds):
        stop(team)
        cold.append(first(team, *team.words, *BARE))
        before = cluster.received()
        warm.append(first(team, *team.words, *BARE))
        more.append((cluster.received() - before) / 1000)
        home.append(first(team, "compute=local", *BARE))
    print("From the command's start to the script's first line")
    told("at home", home)
    told("nodes, nothing kept warm", cold)
    told("nodes, warm", warm)
    told("sent for a second run, all links", more, "kB")


def trials(team: Team, rounds: int) -> None:
    team.script(TRIAL)
    words = [*BARE, "-m", "+job.arguments.n=range(0,300)"]
    away, sweeps, home = [], [], []
    for _ in range(rounds):
        away.append(seconds(team, *team.words, *words))
        sweeps.append(recorded(team))
        home.append(seconds(team, "compute=local", "compute.slots=12", *words))
    print("300 trials of 0.1 s on 12 slots, whole command; the ideal is 2.50 s")
    told("three nodes of 4 slots", away)
    told("of it the sweep: connecting, trials", sweeps)
    told("at home", home)


def fits(team: Team, rounds: int) -> None:
    team.script(FITS)
    words = ["environment=sklearn-1.9", "compute.scale_out=true"]
    for _ in range(2):  # the second time all nodes have the environment
        ended(team, *team.words, *words)
    three: list[float] = []
    alone: list[float] = []
    for _ in range(rounds):
        for times, more in ((three, []), (alone, ["compute.max_nodes=1"])):
            out, _ = ended(team, *team.words, *words, *more)
            times.append(printed("seconds", out))
    print("48 fits of 0.5 s in one GridSearchCV, 4 slots a node")
    told("one node", alone)
    told("three nodes", three)
    print(f"  {statistics.median(alone) / statistics.median(three):.1f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-fits", action="store_true")
    parser.add_argument("--disk", action="store_true")
    options = parser.parse_args()
    memory = None if options.disk or not os.access(MEMORY, os.W_OK) else MEMORY
    with tempfile.TemporaryDirectory(prefix="vivero-cluster-", dir=memory) as folder:
        print(f"The nodes and home are in {folder}")
        with SshCluster(Path(folder)) as cluster:
            team = Team(cluster, "team", send_packages="true", slots=4)
            begin(team, cluster, options.rounds)
            trials(team, options.rounds)
            if not options.no_fits:
                fits(team, options.rounds)
            stop(team)


if __name__ == "__main__":
    os.environ.pop("VIVERO_WORKSPACE", None)
    main()
