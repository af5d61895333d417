"""A fit that is spread over all nodes of a cluster, and a team that runs it."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.nodes.team import Team
from tests.support.waiting import wait_for

FOREST = ["environment=sklearn-1.9"]
_SCRIPT = """
import json, os, sys, time
from joblib import Parallel, delayed
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import SVC
from beside import slow

def where(_):
    import time
    time.sleep(0.2)
    return os.uname().nodename

X, y = load_iris(return_X_y=True)
search = GridSearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, n_jobs=-1).fit(X, y)
found = {
    "hosts": sorted(set(Parallel(n_jobs=-1)(delayed(where)(n) for n in range(36)))),
    "sum": sum(Parallel(n_jobs=-1)(delayed(slow)(n) for n in range(12))),
    "best": search.best_params_,
    "scores": search.cv_results_["mean_test_score"].tolist(),
    "cross": cross_val_score(SVC(), X, y, n_jobs=-1).tolist(),
    "forest": RandomForestClassifier(20, n_jobs=-1, random_state=0).fit(X, y).predict_proba(X[:5]).tolist(),
    "shared": len(set(Parallel(n_jobs=2, require="sharedmem")(delayed(os.getpid)() for _ in range(4)))),
    "children": "VIVERO_ENGINE" in os.environ,
    "ahead": None,
}
if "distributed" in sys.modules:
    client = sys.modules["distributed"].get_client()
    ahead = client.scatter(X)
    found["ahead"] = [len(client.who_has([ahead])[ahead.key]), len(client.ncores())]
with open("outputs/found.json", "w") as file:
    json.dump(found, file)
print("begun", flush=True)
while len(sys.argv) > 1 and not os.path.exists("outputs/go"):
    time.sleep(0.05)
"""
_BESIDE = "import time\ndef slow(n):\n    time.sleep(0.05)\n    return n * 2\n"


class Spread(Team):
    """A team with spread fits. Define `cluster`, a name, ``send_packages`` and ``scale_out``."""

    def build(self) -> str:
        """Build the environment on all nodes with a fit that waits for them. Return the command's output."""
        self.script(_SCRIPT)
        self.script(_BESIDE, "beside.py")
        process = self.begin(*FOREST, "job.arguments=[wait]")
        for machine in self.cluster.machines:  # nodes that first build the environment join late
            wait_for(partial(machine.pids, "node.engine worker"), 120)
        self.wait_for_log("begun", 60)
        self.go()
        done = self.finish(process)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def go(self) -> None:
        """Let the last run, which waits, end."""
        (self.place() / "work" / "outputs" / "go").touch()

    def found(self, experiment: str | None = None) -> dict[str, Any]:
        """Return the outputs of the last run, or of an experiment's only run."""
        outputs = self.folders()[-1].outputs if experiment is None else self._outputs(experiment)
        report: dict[str, Any] = json.loads((outputs / "found.json").read_text())
        return report

    def _outputs(self, experiment: str) -> Path:
        return next(self.workspace.glob(f"runs/{experiment}/*/outputs"))

    def stop(self) -> None:
        """Wait until no node has processes of a fit, and clear the nodes' caches."""
        self.end()
        for machine in self.cluster.machines:
            wait_for(partial(machine.is_without, "node.engine"), 60)
        self.nodes("stop", "--runs")
        self.nodes("clean", "--all")
