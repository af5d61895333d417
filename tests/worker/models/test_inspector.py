"""What is said of a model, and what is refused, each in a clean process."""

import fractions
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas
import pytest
import skops.io
from catboost import CatBoost, CatBoostClassifier, CatBoostRegressor
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.pipeline import make_pipeline as make_balanced
from imblearn.under_sampling import RandomUnderSampler
from lightgbm import LGBMClassifier, LGBMRanker, LGBMRegressor
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Bunch
from xgboost import XGBClassifier, XGBRanker, XGBRegressor, XGBRFClassifier

from runner.io.hashes import hash_tree
from runner.layout import BOOTSTRAP

X, Y = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0], [3.0, 1.0]]), np.array(["no", "yes", "no", "yes"])


def inspect(path: Any, cwd: str | Path = "/") -> Any:
    command = [sys.executable, "-E", "-s", str(BOOTSTRAP), "models.inspector", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def save(tmp_path: Path, model: Any, name: str = "m.joblib") -> Any:
    joblib.dump(model, tmp_path / name)
    return tmp_path / name


def test_a_classifier(tmp_path: Path) -> None:
    path = save(tmp_path, SVC(probability=True).fit(X, Y))
    report = inspect(path)
    assert report["model_class"] == "sklearn.svm._classes.SVC"
    assert report["features"] == 2 and report["feature_names"] is None and report["classes"] == ["no", "yes"]
    assert {"predict", "predict_proba", "decision_function"} <= set(report["methods"])
    assert report["sha256"] == hash_tree(path)
    assert report["framework"] == "ScikitLearn" and report["framework_version"].count(".") >= 1


def test_a_pipeline_with_names(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(
        pandas.DataFrame(X, columns=["width", "height"]), [1, 2, 3, 4]
    )
    report = inspect(save(tmp_path, model))
    assert [step["name"] for step in report["steps"]] == ["standardscaler", "linearregression"]
    assert report["feature_names"] == ["width", "height"]
    assert report["classes"] is None and "predict_proba" not in report["methods"]


def test_steps_of_a_pipeline(tmp_path: Path) -> None:
    report = inspect(save(tmp_path, make_pipeline(StandardScaler(), SVC()).fit(X, Y)))
    assert [step["class"].rpartition(".")[2] for step in report["steps"]] == ["StandardScaler", "SVC"]
    assert report["features"] == 2


def test_methods_are_those_it_has(tmp_path: Path) -> None:
    report = inspect(save(tmp_path, KMeans(2, n_init=1).fit(X)))
    assert report["methods"] == ["predict", "transform"]


def _pickled(model: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(model))


def _compressed(model: Any, path: Path) -> None:
    joblib.dump(model, path, compress=3)


@pytest.mark.parametrize(
    ("name", "dump"),
    [("m.joblib", joblib.dump), ("m.z", _compressed), ("m.pkl", _pickled), ("m.skops", skops.io.dump)],
)
def test_the_modules_that_its_file_names(name: str, dump: Any, tmp_path: Path) -> None:
    model = make_balanced(RandomUnderSampler(random_state=0), LogisticRegression()).fit(X[[0, 1, 0, 1]], Y)
    dump(model, tmp_path / name)
    modules = set(inspect(tmp_path / name)["modules"])
    assert {"imblearn", "sklearn", "numpy"} <= modules and "pandas" not in modules


def test_a_module_that_is_named_within_an_array(tmp_path: Path) -> None:
    """An array of objects is a pickle of its own inside of the file."""
    model = SVC().fit(X, Y)
    model.notes_ = np.array([fractions.Fraction(1, 2), None], dtype=object)
    assert "fractions" in inspect(save(tmp_path, model))["modules"]


def test_an_example_beside_it(tmp_path: Path) -> None:
    (tmp_path / "input_example.json").write_text('{"data": [[1, 2]]}')
    assert inspect(save(tmp_path, SVC().fit(X, Y)))["example_input"] == {"data": [[1, 2]]}


def test_a_folder_as_mlflow_writes_it(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    save(folder, SVC().fit(X, Y), "model.pkl")
    (folder / "MLmodel").write_text("flavors: {}\n")
    report = inspect(folder)
    assert report["model_class"].endswith("SVC") and report["sha256"] == hash_tree(folder)


PRINTING = "import os\nprint('noise', flush=True)\nos.write(1, b'noise')\n"


def test_a_model_that_prints_when_loaded_cannot_spoil_the_answer(tmp_path: Path) -> None:
    class Noisy:
        def __reduce__(self) -> Any:
            return exec, (PRINTING,)

    joblib.dump(Noisy(), tmp_path / "m.joblib")
    assert "a NoneType" in inspect(tmp_path / "m.joblib")["error"]


def lightgbm_booster() -> Any:
    return LGBMRegressor(n_estimators=2, min_child_samples=1, verbose=-1).fit(X, [0, 1, 2, 3]).booster_


REFUSED = {
    "text": (b"hello", "not a model that can be loaded"),
    "empty": (b"", "not a model that can be loaded"),
    "a dict": ({"weights": [1, 2]}, "a dict, which has none of the methods predict"),
    "a class": (SVC, "the class SVC"),
    "an array": (X, "a ndarray, which is not a model"),
    "a table": (pandas.DataFrame(X), "a DataFrame, which is not a model"),
    "a table with such a column": (pandas.DataFrame({"predict": [1]}), "a DataFrame, which is not a model"),
    "a series with such a label": (pandas.Series({"predict": 1}), "a Series, which is not a model"),
    "a function": (train_test_split, "the function train_test_split, which is not a model"),
    "a name that is no method": (Bunch(predict=[1]), "a Bunch, which has none of the methods predict"),
    **{
        f"not fitted, {type(model).__name__}": (model, f"{type(model).__name__} is not fitted")
        for kind in (
            LGBMClassifier,
            LGBMRegressor,
            LGBMRanker,
            XGBClassifier,
            XGBRegressor,
            XGBRFClassifier,
            XGBRanker,
            CatBoostClassifier,
            CatBoostRegressor,
            CatBoost,
            BalancedRandomForestClassifier,
            RandomForestRegressor,
        )
        for model in (kind(),)
    },
    "boosting last, not fitted": (make_pipeline(StandardScaler().fit(X), LGBMClassifier()), "LGBMClassifier is not"),
    "a balanced pipeline, not fitted": (make_balanced(RandomUnderSampler(), SVC()), "Sampler is not fitted"),
    "not fitted": (SVC(), "SVC is not fitted"),
    "a pipeline, not fitted": (make_pipeline(StandardScaler(), SVC()), "StandardScaler is not fitted"),
    "a pipeline whose last step is not": (make_pipeline(StandardScaler().fit(X), SVC()), "SVC is not fitted"),
    "a union, not fitted": (make_union(StandardScaler()), "StandardScaler is not fitted"),
}
FITTED = {
    "stateless": Normalizer(),
    "a function": FunctionTransformer(),
    "a pipeline of these": make_pipeline(Normalizer(), "passthrough"),
    "a search": GridSearchCV(SVC(), {"C": [1.0]}, cv=2).fit(X, Y),
    "a union": make_union(Normalizer(), StandardScaler()).fit(X),
    "frozen": FrozenEstimator(SVC().fit(X, Y)),
    "LightGBM": LGBMClassifier(n_estimators=2, min_child_samples=1, verbose=-1).fit(X, Y),
    "LightGBM's own": lightgbm_booster(),
    "XGBoost": XGBRegressor(n_estimators=2).fit(X, [0, 1, 2, 3]),
    "XGBoost's own": XGBRegressor(n_estimators=2).fit(X, [0, 1, 2, 3]).get_booster(),
    "CatBoost": CatBoostClassifier(iterations=2, verbose=0, allow_writing_files=False).fit(X, Y),
    "a balanced pipeline": make_balanced(RandomUnderSampler(), SVC()).fit(X, Y),
    "boosting last": make_pipeline(StandardScaler(), XGBRegressor(n_estimators=2)).fit(X, [0, 1, 2, 3]),
}


@pytest.mark.parametrize("name", FITTED)
def test_what_needs_no_fit_or_had_it_is_a_model(name: str, tmp_path: Path) -> None:
    assert inspect(save(tmp_path, FITTED[name])).get("error") is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_model(name: str, tmp_path: Path) -> None:
    value, reason = REFUSED[name]
    path = tmp_path / "m.joblib"
    if isinstance(value, bytes):
        path.write_bytes(value)
    else:
        joblib.dump(value, path)
    assert reason in inspect(path)["error"]


def test_a_module_beside_the_script_is_not_there_later(tmp_path: Path) -> None:
    (tmp_path / "mymodels.py").write_text("from sklearn.svm import SVC\nclass Mine(SVC): pass\n")
    code = "import joblib, mymodels; joblib.dump(mymodels.Mine(), 'm.joblib')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert "needs mymodels" in inspect(tmp_path / "m.joblib", cwd=tmp_path)["error"]


def test_a_class_of_the_script(tmp_path: Path) -> None:
    code = "import joblib\nfrom sklearn.svm import SVC\nclass Mine(SVC): pass\njoblib.dump(Mine(), 'm.joblib')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert "Mine is defined in the script itself" in inspect(tmp_path / "m.joblib")["error"]


WRAPPED: dict[str, Any] = {
    "alone": lambda model: model,
    "its booster": lambda model: model.get_booster(),
    "a pipeline": lambda model: make_pipeline("passthrough", model),
    "a search": lambda model: GridSearchCV(model, {"max_depth": [1]}, cv=2),
    "frozen": FrozenEstimator,
}


@pytest.mark.parametrize("wrapped", WRAPPED)
@pytest.mark.parametrize("town", ["Köln", "Koeln"])
def test_categories_that_xgboost_has_not_kept_are_refused(town: str, wrapped: str, tmp_path: Path) -> None:
    """As they are where the model is served; see `runner/worker/models/categories.py`."""
    rows = pandas.DataFrame({"town": pandas.Categorical([town, "Bonn"] * 10), "n": np.arange(20.0)})
    labels = [0, 1] * 10
    model = XGBClassifier(n_estimators=2, enable_categorical=True)
    if wrapped in ("alone", "its booster", "frozen"):
        model.fit(rows, labels)
    model = WRAPPED[wrapped](model)
    if wrapped in ("a pipeline", "a search"):
        model.fit(rows, labels)
    report = inspect(save(tmp_path, model))
    if town.isascii():
        assert "error" not in report and "predict" in report["methods"]
    else:
        assert report["error"].startswith("XGBoost stored the categories incorrectly")


def test_a_model_is_drawn_by_its_library(tmp_path: Path) -> None:
    report = inspect(save(tmp_path, make_pipeline(StandardScaler(), SVC()).fit(X, Y)))
    assert "StandardScaler" in report["diagram"] and "<style" in report["diagram"]
