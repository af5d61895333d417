"""A model card shows a model as an outline that can be read."""

from typing import Any

import numpy as np
import pytest
from sklearn import compose, ensemble, linear_model, pipeline, preprocessing, svm
from sklearn.utils import all_estimators

from tests.support.training import module

selector = compose.make_column_selector
MODELS: dict[str, tuple[Any, str]] = {
    "plain": (svm.SVC(), "SVC()"),
    "parameters": (svm.SVC(C=2, kernel="rbf", gamma=0.5), "SVC(C=2, gamma=0.5)"),
    "pipeline": (
        pipeline.make_pipeline(preprocessing.StandardScaler(), "passthrough", svm.SVC(C=2)),
        "Pipeline()\n  standardscaler: StandardScaler()\n  passthrough: passthrough\n  svc: SVC(C=2)",
    ),
    "nested": (
        ensemble.BaggingClassifier(ensemble.VotingClassifier([("a", svm.SVC()), ("b", "drop")])),
        "BaggingClassifier()\n  estimator: VotingClassifier()\n    a: SVC()\n    b: drop",
    ),
    "columns": (
        compose.ColumnTransformer(
            [
                ("n", preprocessing.StandardScaler(), selector(dtype_include=["number", bool])),
                ("x", "drop", selector(pattern="^x", dtype_exclude="object")),
                ("c", preprocessing.OneHotEncoder(), ["city"]),
                ("all", "passthrough", selector()),
            ]
        ),
        "ColumnTransformer()\n  n: StandardScaler() on columns of number, bool\n"
        "  x: drop on columns without object named like '^x'\n  c: OneHotEncoder() on ['city']\n"
        "  all: passthrough on columns",
    ),
    "functions": (
        compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=len),
        "TransformedTargetRegressor(func=log1p, inverse_func=len)\n  regressor: Ridge()",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_outlined(name: str) -> None:
    model, expected = MODELS[name]
    found = module("evaluation.outline").outline(model)
    assert found == expected


def test_a_long_parameter_is_cut() -> None:
    found = module("evaluation.outline").outline(linear_model.RidgeCV(alphas=np.arange(1000) / 7.0))
    assert found.startswith("RidgeCV(alphas=array([") and found.endswith("...)") and len(found) < 130


def test_every_estimator_has_an_outline() -> None:
    made = 0
    for name, cls in all_estimators():
        try:
            model = cls()
        except TypeError:  # it needs others
            continue
        made += 1
        assert module("evaluation.outline").outline(model) == f"{name}()"
    assert made > 150
