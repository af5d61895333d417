"""Our server and its peers with the same models: the fixtures of `test_peers`."""

import subprocess
import sys

import pytest

from tests.benchmarks.serving.models import fit
from tests.benchmarks.serving.peers import CACHE, ROOT, Peer, environment, free_port, make_peer
from tests.conftest import missing

FIT = """
import sys, joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
forest = make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)).fit(*load_iris(return_X_y=True))
texts = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["good day", "bad day"], ["gut", "schlecht"])
joblib.dump(forest, f"{sys.argv[1]}/forest.joblib")
joblib.dump(texts, f"{sys.argv[1]}/texts.joblib")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the models as every server wants them."""
    found = tmp_path_factory.mktemp("peers")
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        for name in ("azure", "mlserver", "mlflow"):
            environment(name, CACHE)
    except subprocess.CalledProcessError as error:
        missing(f"an environment of {name} cannot be built (is there a network?): {error}")
    fit(found, CACHE, ["mlflow"], FIT, ("forest", "texts"))
    return found


@pytest.fixture(scope="module")
def ours(folder):
    """Return our server, with two models."""
    peer = Peer("ours", free_port(), "/", "/score/forest", variables={"PYTHONPATH": str(ROOT)})
    words = ["models=[forest,texts]", f"workspace.root={folder / 'workspace'}", f"port={peer.port}"]
    try:
        peer.start([sys.executable, "-m", "serving", *words], folder)
        yield peer
    finally:
        peer.stop()


@pytest.fixture(scope="module")
def start(folder):
    """Start a peer with the forest."""
    started = {}

    def start(name):
        if name not in started:
            started[name] = make_peer(name, folder / "forest.joblib", folder, CACHE)
        return started[name]

    yield start
    for peer in started.values():
        peer.stop()
