"""Folds are fitted by the workers of a Dask cluster where joblib uses one, as with ``compute.scale_out``."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

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


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: Any) -> Iterator[None]:
    distributed = pytest.importorskip("distributed")
    monkeypatch.syspath_prepend(str(tmp_path))  # the processes get the same path
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as local,
        distributed.Client(local),
        joblib.parallel_config("dask"),
    ):
        yield


def test_the_workers_fit_the_folds(cluster: None, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    (tmp_path / "traces").mkdir()
    (tmp_path / "traced_svc.py").write_text(OWN.format(folder=str(tmp_path / "traces")))
    settings: Any = {"data": "sklearn:iris", "cross_validation": 6, "permutation_repeats": 0, "allow": ["traced_svc"]}
    spread = train(declared({"_target_": "traced_svc.Traced"}, **settings), monkeypatch, tmp_path)
    traces = {path.name: path.read_text().split() for path in (tmp_path / "traces").iterdir()}
    assert traces.pop(threading.current_thread().name) == ["120"], "only the final fit is here"
    assert sorted(size for sizes in traces.values() for size in sizes) == ["100"] * 6, "in other threads"
    with joblib.parallel_config("loky"):
        here = train(declared({"_target_": "sklearn.svm.SVC"}, **settings), monkeypatch, tmp_path)
    timed = ("fit_seconds", "score_seconds")
    assert {**spread.values, **dict.fromkeys(timed)} == {**here.values, **dict.fromkeys(timed)}
    assert [line[5] for line in capsys.readouterr().out.splitlines() if line.startswith("Fold")] == list("123456" * 2)
    assert json.dumps(spread.tables, default=str) == json.dumps(here.tables, default=str)


def test_a_mistake_in_a_fold_is_the_same_line(cluster: None, tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(Exception, match="SVC cannot be fitted: The 'C' parameter of SVC must be a float") as caught:
        train(declared({"_target_": "sklearn.svm.SVC", "C": -1}, data="sklearn:iris"), monkeypatch, tmp_path)
    assert type(caught.value).__name__ == "Mistake"
