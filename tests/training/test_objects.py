"""A live scikit-learn object is described so that the training program makes the same one."""

from typing import Any

import numpy as np
import pytest
from sklearn import ensemble, feature_selection, linear_model, model_selection, pipeline, preprocessing, svm
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.utils import all_estimators

from runner.errors import UserError
from runner.sweeps.composing.override_text import from_word, to_word
from runner.training.objects import tree_of
from tests.support.training import module

OBJECTS: dict[str, Any] = {
    "plain": svm.SVC(),
    "parameters": svm.SVC(C=0.1, kernel="poly", gamma=np.float64(0.5), class_weight={"a": 2}),
    "pipeline": pipeline.make_pipeline(preprocessing.StandardScaler(with_mean=False), svm.SVC()),
    "voting": ensemble.VotingClassifier([("a", svm.SVC(probability=True)), ("b", linear_model.LogisticRegression())]),
    "array": linear_model.RidgeCV(alphas=np.array([0.1, 1.0])),
    "function": TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1),
    "columns": ColumnTransformer(
        [
            ("n", preprocessing.StandardScaler(), make_column_selector(dtype_include=["number"])),
            ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), ["city", "größe, {x}: 'y'"]),
            ("rest", "drop", ["id"]),
        ]
    ),
    "splitter": model_selection.TimeSeriesSplit(n_splits=3),
    "none": ensemble.RandomForestClassifier(max_depth=3, max_features=None),
}  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_and_its_description(name: str) -> None:
    tree = tree_of(OBJECTS[name])
    again = {key: from_word(to_word(value)) for key, value in tree.items()}
    built = module("models.building").build(again, "estimator", ("sklearn",))
    assert type(built) is type(OBJECTS[name]) and tree_of(built) == tree


PLAIN = [(name, kind) for name, kind in all_estimators(["classifier", "regressor"]) if kind.__module__[:7] == "sklearn"]


@pytest.mark.parametrize(("name", "kind"), PLAIN)
def test_each_estimator_of_scikit_learn(name: str, kind: Any) -> None:
    needed = {"estimator": svm.SVC(), "estimators": [("a", svm.SVC())]}
    parameters = kind.__init__.__code__.co_varnames[: kind.__init__.__code__.co_argcount]
    given = {key: value for key, value in needed.items() if key in parameters}
    made = kind(**given)
    tree = tree_of(made)
    assert tree["_target_"].rpartition(".")[2] == name and "._" not in tree["_target_"]
    assert repr(module("models.building").build(tree, "estimator", ("sklearn",))) == repr(made)


REFUSED: dict[str, Any] = {
    "estimator.func": preprocessing.FunctionTransformer(lambda x: x),
    "estimator.score_func": feature_selection.SelectKBest(feature_selection.f_regression),
    "estimator.C": svm.SVC(C=float("inf")),
    "estimator.random_state": svm.SVC(random_state=np.random.RandomState(0)),
    "estimator: SVC is a class": svm.SVC,
    "estimator.estimator: SVC is a class": ensemble.BaggingClassifier(svm.SVC),
    "estimator.class_weight": svm.SVC(class_weight={0: 1}),
}  # fmt: skip


@pytest.mark.parametrize("place", REFUSED)
def test_what_cannot_be_declared(place: str) -> None:
    with pytest.raises(UserError) as caught:
        tree_of(REFUSED[place])
    assert str(caught.value).startswith(place) and "\n" not in str(caught.value)
