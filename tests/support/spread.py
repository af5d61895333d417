"""Trains the declaration on standard input in this folder, with folds by a Dask cluster, and prints what it recorded.

It is a process of its own, because a cluster leaves threads behind: ``python -m tests.support.spread``.
"""

import json
import sys
from pathlib import Path

import joblib
import pytest
from distributed import Client, LocalCluster

from tests.support.training import train

if __name__ == "__main__":
    text = sys.stdin.read()
    local = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
    with local, Client(local), joblib.parallel_config("dask"), pytest.MonkeyPatch.context() as patch:
        kept = train(text, patch, Path.cwd())
    (Path.cwd() / "recorded.json").write_text(json.dumps({"values": kept.values, "tables": kept.tables}, default=str))
