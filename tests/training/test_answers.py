"""A model is asked once for the same rows, and its scores are those of the model itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tests.support.training import declared, module, train

CLASSES, TARGET = load_breast_cancer(return_X_y=True, as_frame=True)
NUMBERS, AMOUNT = load_diabetes(return_X_y=True, as_frame=True)
MODELS = {
    "probabilities": make_pipeline(StandardScaler(), LogisticRegression()).fit(CLASSES, TARGET),
    "margins": make_pipeline(StandardScaler(), SVC()).fit(CLASSES, TARGET),
    "numbers": Ridge().fit(NUMBERS, AMOUNT),
}


@pytest.mark.parametrize("scorer", get_scorer_names())
@pytest.mark.parametrize("kind", MODELS)
def test_each_scorer_gives_the_same(kind: str, scorer: str) -> None:
    model = MODELS[kind]
    rows, target = (NUMBERS, AMOUNT) if kind == "numbers" else (CLASSES, TARGET)
    answering = module("models.answers").Answering(model, rows)

    def outcome(asked: Any) -> Any:
        try:
            return get_scorer(scorer)(asked, rows, target)
        except (AttributeError, TypeError, ValueError) as error:
            return type(error)

    for _ in range(2):
        np.testing.assert_equal(outcome(answering), outcome(model))
    assert is_classifier(answering) == is_classifier(model)


def test_other_rows_are_predicted_anew() -> None:
    model = MODELS["margins"]
    answering = module("models.answers").Answering(model, CLASSES)
    assert (answering.predict(CLASSES[:9]) == model.predict(CLASSES[:9])).all() and len(answering.predict(CLASSES)) > 9
    assert not hasattr(answering, "predict_proba")


OWN = """
from sklearn.svm import SVC

class Counted(SVC):
    def predict(self, X):
        with open({path!r}, "a") as file:
            file.write(str(len(X)) + " ")
        return super().predict(X)
"""


def test_the_holdout_is_predicted_once(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "counted_svc.py").write_text(OWN.format(path=str(tmp_path / "counts")))
    monkeypatch.syspath_prepend(str(tmp_path))
    settings: Any = {"data": "sklearn:wine", "permutation_repeats": 0, "allow": ["counted_svc"], "figures": True}
    train(declared({"_target_": "counted_svc.Counted"}, "standard", **settings), monkeypatch, tmp_path)
    assert (tmp_path / "counts").read_text().split() == ["29", "29", "28", "28", "28", "36"]
