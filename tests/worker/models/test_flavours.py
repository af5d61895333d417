"""Folders as MLflow writes them: what is in them is found, loaded, and asked as they say."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from runner.layout import BOOTSTRAP, Layout
from runner.records import ModelRecord
from runner.store.registry import FileRegistry
from runner.worker.models import flavours
from serving.data.rows import Rows
from serving.dataplane.loader import load
from serving.dataplane.model import ServedModel

X, Y = load_iris(return_X_y=True)
Y = Y % 2
HEAD = "artifact_path: model\nflavors:\n"
PYFUNC = "  python_function:\n    env:\n      conda: conda.yaml\n    loader_module: mlflow.sklearn\n"


def written(folder: Path, flavour: str, **files: Callable[[str], Any]) -> Path:
    """Write a folder as MLflow does; `files` write themselves, ``__`` in a name for a dot."""
    folder.mkdir()
    (folder / "MLmodel").write_text(HEAD + flavour + "mlflow_version: 3.17.2\nmodel_id: null\n")
    for name, write in files.items():
        write(str(folder / name.replace("__", ".")))
    return folder


def inspect(path: Path) -> Any:
    command = [sys.executable, "-E", "-s", str(BOOTSTRAP), "models.inspector", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def served(path: Path, tmp_path: Path, default_method: str | None = None) -> ServedModel:
    """Return the model registered and loaded as by the server."""
    layout = Layout(tmp_path / "w")
    layout.create()
    record = ModelRecord(
        name="m", version=0, created="", artefact=path.name, sha256="", bytes=0, default_method=default_method
    )
    made = FileRegistry(layout).register(path, record)
    return ServedModel(made, load(FileRegistry(layout), made))


def lightgbm_booster(folder: Path) -> Any:
    import lightgbm

    model = lightgbm.train({"verbose": -1, "objective": "binary"}, lightgbm.Dataset(X, Y), 3)
    flavour = "  lightgbm:\n    code: null\n    data: model.lgb\n    model_class: lightgbm.basic.Booster\n"
    return written(folder, flavour + PYFUNC, model__lgb=model.save_model), model.predict


def xgboost_classifier(folder: Path) -> Any:
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=3).fit(X, Y)
    flavour = "  xgboost:\n    data: model.ubj\n    model_class: xgboost.sklearn.XGBClassifier\n    model_format: ubj\n"
    return written(folder, PYFUNC + flavour, model__ubj=model.save_model), model.predict


def xgboost_booster(folder: Path) -> Any:
    import xgboost

    model = xgboost.train({}, xgboost.DMatrix(X, Y), 3)
    flavour = "  xgboost:\n    data: model.json\n    model_class: xgboost.core.Booster\n"
    return written(folder, flavour, model__json=model.save_model), lambda rows: model.predict(xgboost.DMatrix(rows))


def catboost_classifier(folder: Path) -> Any:
    import catboost

    model = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(X, Y)
    flavour = "  catboost:\n    data: model.cb\n    model_type: CatBoostClassifier\n    save_format: cbm\n"
    return written(folder, flavour, model__cb=model.save_model), model.predict


def pickled(folder: Path) -> Any:
    model = LogisticRegression(max_iter=300).fit(X, Y)
    flavour = "  sklearn:\n    code: null\n    pickled_model: model.pkl\n"
    return written(folder, PYFUNC + flavour, model__pkl=lambda path: joblib.dump(model, path)), model.predict


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [lightgbm_booster, xgboost_classifier, xgboost_booster, catboost_classifier, pickled])
def test_it_answers_as_in_python(make: Any, tmp_path: Path) -> None:
    folder, predict = make(tmp_path / "model")
    report = inspect(folder)
    library = make.__name__.partition("_")[0]
    assert "error" not in report and library.replace("pickled", "sklearn") in report["modules"]
    answer = served(folder, tmp_path).answer(Rows(X[::7].tolist()), "predict", 100)[0]
    assert np.array_equal(answer, predict(X[::7]))


def test_it_is_asked_for_what_it_says(tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=300).fit(X, Y)
    flavour = PYFUNC + "    predict_fn: predict_proba\n  sklearn:\n    pickled_model: model.pkl\n"
    folder = written(tmp_path / "model", flavour, model__pkl=lambda path: joblib.dump(model, path))
    report = inspect(folder)
    assert report["default_method"] == "predict_proba"
    answer, method = served(folder, tmp_path, report["default_method"]).answer(Rows(X[:2].tolist()), None, 10)
    assert method == "predict_proba" and np.array_equal(answer, model.predict_proba(X[:2]))


def test_modules_that_were_logged_with_it_are_found(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "helper_of_it.py").write_text(
        "class Own:\n    def predict(self, rows): return [7] * len(rows)\n"
    )
    code = "import helper_of_it, joblib, sys; joblib.dump(helper_of_it.Own(), sys.argv[1])"

    def dump(path: str) -> None:
        subprocess.run([sys.executable, "-c", code, path], cwd=tmp_path / "made", check=True)

    flavour = "  python_function:\n    code: code\n    model_path: model.pkl\n"
    folder = written(tmp_path / "model", flavour, model__pkl=dump)
    (tmp_path / "made").rename(folder / "code")
    report = inspect(folder)
    assert "error" not in report and report["modules"] == []  # they are with it, in whatever environment
    try:
        assert list(served(folder, tmp_path).answer(Rows([[1], [2]]), None, 10)[0]) == [7, 7]
    finally:
        sys.modules.pop("helper_of_it", None)
        sys.path[:] = [entry for entry in sys.path if not entry.startswith(str(tmp_path))]


@pytest.mark.parametrize(
    ("flavour", "said"),
    [
        (
            "  spark:\n    data: x\n",
            "its flavours are spark; supported are sklearn, lightgbm",
        ),
        ("  lightgbm:\n    data: ../../x\n", "its flavours are lightgbm"),
        ("", "the folder has no model.pkl"),
        ("  sklearn:\n    code: ../x\n  lightgbm:\n    data: x\n", "its code folder ../x is not in the model's folder"),
    ],
)
def test_what_is_not_known_is_named(flavour: str, said: str, tmp_path: Path) -> None:
    report = inspect(written(tmp_path / "model", flavour, x=lambda path: Path(path).write_text("")))
    assert said in report["error"] and "model.framework=Custom" in report["error"]


def test_a_description_of_any_shape_is_read() -> None:
    text = "flavors:\n  a:\n    b: 'c d'\n    e: null\n    f:\n    - g\n      h: i\n  j: {}\nk:\n  l:\n    m: n\n"
    assert flavours.read_flavours(text) == {"a": {"b": "c d"}, "j": {}}
