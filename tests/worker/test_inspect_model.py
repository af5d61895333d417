"""What is said of a model, and what is refused, each in a clean process."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pandas
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from runner.files import hash_tree
from tests.worker.runs import WORKER

X, Y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), np.array(["no", "yes", "no", "yes"])


def inspect(path, cwd="/"):
    command = [sys.executable, "-E", "-s", str(WORKER / "inspect_model.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def save(tmp_path, model, name="m.joblib"):
    joblib.dump(model, tmp_path / name)
    return tmp_path / name


def test_a_classifier(tmp_path):
    path = save(tmp_path, SVC(probability=True).fit(X, Y))
    found = inspect(path)
    assert found["model_class"] == "sklearn.svm._classes.SVC"
    assert found["features"] == 2 and found["feature_names"] is None and found["classes"] == ["no", "yes"]
    assert {"predict", "predict_proba", "decision_function"} <= set(found["methods"])
    assert found["sha256"] == hash_tree(path)
    assert found["framework"] == "ScikitLearn" and found["framework_version"].count(".") >= 1


def test_a_pipeline_with_names(tmp_path):
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(
        pandas.DataFrame(X, columns=["width", "height"]), [1, 2, 3, 4]
    )
    found = inspect(save(tmp_path, model))
    assert [one["name"] for one in found["steps"]] == ["standardscaler", "linearregression"]
    assert found["feature_names"] == ["width", "height"]
    assert found["classes"] is None and "predict_proba" not in found["methods"]


def test_steps_of_a_pipeline(tmp_path):
    found = inspect(save(tmp_path, make_pipeline(StandardScaler(), SVC()).fit(X, Y)))
    assert [one["class"].rpartition(".")[2] for one in found["steps"]] == ["StandardScaler", "SVC"]
    assert found["features"] == 2


def test_methods_are_those_it_has(tmp_path):
    found = inspect(save(tmp_path, KMeans(2, n_init=1).fit(X)))
    assert found["methods"] == ["predict", "transform"]


def test_an_example_beside_it(tmp_path):
    (tmp_path / "input_example.json").write_text('{"data": [[1, 2]]}')
    assert inspect(save(tmp_path, SVC().fit(X, Y)))["example_input"] == {"data": [[1, 2]]}


def test_a_folder_as_mlflow_writes_it(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    save(folder, SVC().fit(X, Y), "model.pkl")
    (folder / "MLmodel").write_text("flavors: {}\n")
    found = inspect(folder)
    assert found["model_class"].endswith("SVC") and found["sha256"] == hash_tree(folder)


PRINTING = "import os\nprint('noise', flush=True)\nos.write(1, b'noise')\n"


def test_a_model_that_prints_when_loaded_cannot_spoil_the_answer(tmp_path):
    class Noisy:
        def __reduce__(self):
            return exec, (PRINTING,)

    joblib.dump(Noisy(), tmp_path / "m.joblib")
    assert "a NoneType" in inspect(tmp_path / "m.joblib")["error"]


REFUSED = {
    "text": (b"hello", "not a model that can be loaded"),
    "empty": (b"", "not a model that can be loaded"),
    "a dict": ({"weights": [1, 2]}, "a dict, which has none of predict"),
    "a class": (SVC, "the class SVC"),
    "an array": (X, "a ndarray"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_model(name, tmp_path):
    value, reason = REFUSED[name]
    path = tmp_path / "m.joblib"
    if isinstance(value, bytes):
        path.write_bytes(value)
    else:
        joblib.dump(value, path)
    assert reason in inspect(path)["error"]


def test_a_module_beside_the_script_is_not_there_later(tmp_path):
    (tmp_path / "mymodels.py").write_text("from sklearn.svm import SVC\nclass Mine(SVC): pass\n")
    code = "import joblib, mymodels; joblib.dump(mymodels.Mine(), 'm.joblib')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert "needs mymodels" in inspect(tmp_path / "m.joblib", cwd=tmp_path)["error"]


def test_a_class_of_the_script(tmp_path):
    code = "import joblib\nfrom sklearn.svm import SVC\nclass Mine(SVC): pass\njoblib.dump(Mine(), 'm.joblib')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert "Mine is defined in the script itself" in inspect(tmp_path / "m.joblib")["error"]
