"""Our server and its peers with the same models: the fixtures of `test_peers`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.serving.models import fit
from tests.benchmarks.serving.peers import ROOT, Peer, environment, free_port, make_peer
from tests.support.components import missing

FIT = """
import sys, joblib, numpy
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
forest = make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)).fit(*load_iris(return_X_y=True))
forest[0].feature_names_in_ = numpy.array(list("abcd"), dtype=object)  # as of a frame, which takes pandas
texts = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good day", "bad day"], ["gut", "schlecht"])
joblib.dump(forest, f"{sys.argv[1]}/forest.joblib")
joblib.dump(texts, f"{sys.argv[1]}/texts.joblib")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a folder with the models as every server wants them."""
    place = tmp_path_factory.mktemp("peers")
    try:
        for name in ("azure", "mlserver", "mlflow", "kserve"):
            environment(name)
    except subprocess.CalledProcessError as error:
        missing(f"an environment of {name} cannot be built (is there a network?): {error}")
    fit(place, ["mlflow"], FIT, ("forest", "texts"))
    return place


@pytest.fixture(scope="module")
def ours(folder: Path) -> Iterator[Any]:
    """Return our server, with two models."""
    peer = Peer("ours", free_port(), "/", "/score/forest", variables={"PYTHONPATH": str(ROOT)})
    words = ["models=[forest,texts]", f"workspace.root={folder / 'workspace'}", f"port={peer.port}"]
    try:
        peer.start([sys.executable, "-m", "serving", *words], folder)
        yield peer
    finally:
        peer.stop()


@pytest.fixture(scope="module")
def start(folder: Path) -> Iterator[Any]:
    """Start a peer with the forest."""
    started = {}

    def start(name: Any) -> Any:
        if name not in started:
            with pytest.MonkeyPatch.context() as patch:  # it is ours, and not the test's that comes first
                patch.setenv("PYTEST_CURRENT_TEST", "fixture start")
                started[name] = make_peer(name, folder / "forest.joblib", folder)
        return started[name]

    yield start
    for peer in started.values():
        peer.stop()
