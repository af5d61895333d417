"""The models that are served, fitted once with one scikit-learn for all servers."""

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.serving.peers import ROOT, environment
from tests.support.suite import caches

sys.path.insert(0, str(ROOT))

FIT = """
import sys, joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
x, y = load_iris(return_X_y=True)
models = {
    "svc": SVC(kernel="linear"),
    "forest": make_pipeline(StandardScaler(), RandomForestClassifier(100, random_state=0)),
    "boosting": HistGradientBoostingClassifier(random_state=0),
}
for name, model in models.items():
    joblib.dump(model.fit(x, y), f"{sys.argv[1]}/{name}.joblib")
"""
MLFLOW = """
import sys, joblib, mlflow.sklearn
for name in sys.argv[2:]:
    model = joblib.load(f"{sys.argv[1]}/{name}.joblib")
    mlflow.sklearn.save_model(model, f"{sys.argv[1]}/mlflow-{name}", serialization_format="cloudpickle")
"""
NAMES = ("svc", "forest", "boosting")


def fit(folder: Path, peers: list[str], code: str = FIT, names: tuple[str, ...] = NAMES) -> None:
    """Fit the models, keep them as every server wants them, and register them in a workspace for ours."""
    python = environment("azure")
    subprocess.run([str(python), "-c", code, str(folder)], check=True)
    if "mlflow" in peers:
        quiet = subprocess.DEVNULL
        subprocess.run(
            [str(environment("mlflow")), "-c", MLFLOW, str(folder), *names],
            check=True,
            stdout=quiet,
            stderr=quiet,
        )
    from uv import find_uv_bin

    freeze = [find_uv_bin(), "pip", "freeze", "--python", str(python)]
    lines = subprocess.run(freeze, check=True, capture_output=True, text=True).stdout.splitlines()
    needed = ("scikit-learn==", "numpy==", "scipy==", "joblib==", "threadpoolctl==")
    _register(folder, "\n".join(line for line in lines if line.startswith(needed)), names)


def _register(folder: Path, lock: str, names: tuple[str, ...]) -> None:
    import platform

    from runner.layout import Layout
    from runner.records import Inspection, ModelRecord
    from runner.store.registry import FileRegistry

    layout = Layout(folder / "workspace")
    layout.create()
    (layout.root / "environments").symlink_to(_environments())
    version = next(line.partition("==")[2] for line in lock.splitlines() if line.startswith("scikit-learn"))
    for name in names:
        inspection = Inspection(path=name, sha256="", framework_version=version)
        record = ModelRecord(
            name=name, version=0, created="", artefact="", sha256="", bytes=0, lock=lock, inspection=inspection,
            python_version=platform.python_version(), framework_version=version,
        )  # fmt: skip
        FileRegistry(layout).register(folder / f"{name}.joblib", record)


def _environments() -> Path:
    """Return a folder of environments that later runs of the benchmark find again."""
    return caches.folder("environments")
