"""Exported scripts of declared trainings, which give the scores of their runs."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from runner.training.declaration import VARIABLE
from runner.training.script import script_of
from tests.support.command_line import CONF
from tests.support.training import Kept

ELSEWHERE = ("none", "xgboost", "xgboost_regressor", "lightgbm", "lightgbm_regressor")  # not in each environment
WITHOUT_TARGET = ("k_means", "gaussian_mixture", "isolation_forest", "one_class_svm", "pca", "truncated_svd")
OPTIONS = sorted(
    path.stem for path in (CONF / "estimator").glob("*.yaml") if path.stem not in (*ELSEWHERE, *WITHOUT_TARGET)
)
NUMBERS = {"linear_regression", "ridge", "lasso", "elastic_net", "huber", "poisson", "svr"}  # and those that say so
QUICK: dict[str, Any] = {  # parameters that make an option quick enough for a test
    "mlp": {"max_iter": 30}, "mlp_regressor": {"max_iter": 30}, "random_forest": {"n_estimators": 5},
    "random_forest_regressor": {"n_estimators": 5}, "extra_trees": {"n_estimators": 5},
    "extra_trees_regressor": {"n_estimators": 5}, "gradient_boosting": {"n_estimators": 5},
    "gradient_boosting_regressor": {"n_estimators": 5}, "hist_gradient_boosting": {"max_iter": 5},
    "hist_gradient_boosting_regressor": {"max_iter": 5}, "adaboost": {"n_estimators": 5},
    "adaboost_regressor": {"n_estimators": 5}, "qda": {"reg_param": 0.1},
}  # fmt: skip
COVERS = ["conf/estimator/*", "conf/preprocessing/*", "runner/training/*", "runner/worker/training/**"]


def script_scores(text: str, kept: Kept, folder: Path, monkeypatch: Any, **paths: str) -> tuple[dict[str, float], Any]:
    """Run the exported script; return the scores that it prints, and its variables, with the model that it wrote.

    A model in memory may have arrays with other strides than the same model in a file, and then rounds otherwise.
    """
    config = {"estimator": json.loads(text)["estimator"], "job": {"environment_variables": {VARIABLE: text}}}
    names = [name[3:-4] for name in kept.values if name.startswith("cv_") and name.endswith("_std")]
    code = script_of("iris-1", config, paths, names)
    monkeypatch.chdir(folder)
    space: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "script.py", "exec"), space)  # noqa: S102 - our own
    space["final"] = joblib.load(folder / "model.joblib")
    lines = [line.split(": ") for line in printed.getvalue().splitlines()]
    return {name: float(value) for name, value in lines}, space


def check_script(text: str, kept: Kept, folder: Path, monkeypatch: Any, **paths: str) -> None:
    scores, space = script_scores(text, kept, folder, monkeypatch, **paths)
    expected = {
        name: values[-1]
        for name, values in kept.values.items()
        if name.startswith(("cv_", "holdout_")) and not name.endswith(("_std", "_low", "_high")) and name != "cv_score"
    }
    assert {name: scores[name] for name in expected} == expected
    assert np.array_equal(kept.model().predict(space["X"]), space["final"].predict(space["X"]))
