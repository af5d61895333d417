"""Folds are fitted by the workers of a Dask cluster where joblib uses one, as with ``compute.scale_out``."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.command_line import ROOT
from tests.support.training import declared, train

OWN = """
import os
import threading
from sklearn.svm import SVC

class Traced(SVC):
    def fit(self, X, y):
        with open(os.path.join({folder!r}, threading.current_thread().name), "a") as file:
            file.write(str(len(y)) + " ")
        return super().fit(X, y)
"""


def spread(text: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Train what a declaration says with a cluster, in another process."""
    path = os.pathsep.join((str(ROOT), str(folder)))
    return subprocess.run(
        [sys.executable, "-m", "tests.support.spread"],
        input=text,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_workers_fit_the_folds(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    (tmp_path / "traces").mkdir()
    (tmp_path / "traced_svc.py").write_text(OWN.format(folder=str(tmp_path / "traces")))
    settings: Any = {"data": "sklearn:iris", "cross_validation": 6, "permutation_repeats": 0, "allow": ["traced_svc"]}
    done = spread(declared({"_target_": "traced_svc.Traced"}, **settings), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    traces = {path.name: path.read_text().split() for path in (tmp_path / "traces").iterdir()}
    assert traces.pop("MainThread") == ["120"], "only the final fit is in the program's own thread"
    assert sorted(size for sizes in traces.values() for size in sizes) == ["100"] * 6, "in other threads"
    here = train(declared({"_target_": "sklearn.svm.SVC"}, **settings), monkeypatch, tmp_path)
    there = json.loads((tmp_path / "recorded.json").read_text())
    timed = dict.fromkeys(("fit_seconds", "score_seconds"))
    assert {**there["values"], **timed} == {**here.values, **timed}
    assert there["tables"] == json.loads(json.dumps(here.tables, default=str))
    for printed in (done.stdout, capsys.readouterr().out):
        assert [line[5] for line in printed.splitlines() if line.startswith("Fold")] == list("123456")


def test_a_mistake_in_a_fold_is_the_same_line(tmp_path: Path) -> None:
    done = spread(declared({"_target_": "sklearn.svm.SVC", "C": -1}, data="sklearn:iris"), tmp_path)
    assert done.returncode != 0
    assert "Mistake: SVC cannot be fitted: The 'C' parameter of SVC must be a float" in done.stderr
