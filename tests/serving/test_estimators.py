"""Every built-in estimator that has a fitted answer: fit, serve, compare with Python, over each protocol."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.pipeline import make_pipeline
from sklearn.utils import all_estimators

from serving.outputs import tidy
from serving.schema import METHODS
from tests.support.answers import outputs, same, tensors
from tests.support.every_estimator import NOT_SERVED, X, Y, data_for, make

warnings.simplefilter("ignore", SkipTestWarning)


@pytest.mark.sampled(50, covers=["serving/**/*.py"])
@pytest.mark.parametrize(("name", "cls"), all_estimators(), ids=lambda one: one if isinstance(one, str) else "")
def test_estimator(name: Any, cls: Any, client: Any) -> None:
    if name in NOT_SERVED:
        pytest.skip(NOT_SERVED[name])
    model = make(name, cls)
    rows, targets = data_for(name, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows, targets)
        asked = client(m=model)
        methods = [method for method in METHODS if hasattr(model, method)]
        assert methods, f"{name} has nothing to serve: name it in NOT_SERVED"
        some = rows[:7]
        values = some.tolist() if isinstance(some, np.ndarray) else some
        for method in methods:
            expected = tidy(getattr(model, method)(some))
            assert same(asked.post("/score", json={"data": values, "method": method}).json[method], expected)
            answer = asked.post("/invocations", json={"instances": values, "params": {"method": method}})
            assert same(answer.json["predictions"], expected)
            body = {"inputs": tensors(some), "parameters": {"method": method}}
            assert same(outputs(asked.post("/v2/models/m/infer", json=body).json), expected)


def test_mappings(client: Any) -> None:
    from sklearn.feature_extraction import DictVectorizer, FeatureHasher
    from sklearn.linear_model import LogisticRegression

    rows = [{"a": 1, "b": 2}, {"a": 3}, {"b": 1}, {"c": 5}]
    for vectorizer in (DictVectorizer(), FeatureHasher(8)):
        model = make_pipeline(vectorizer, LogisticRegression()).fit(rows, [0, 1, 0, 1])
        assert client(m=model).post("/score", json={"data": rows}).json["predict"] == model.predict(rows).tolist()


def test_a_way_of_one_row_is_that_of_many(client: Any) -> None:
    from sklearn.ensemble import ExtraTreesRegressor

    model = ExtraTreesRegressor(10, n_jobs=-1, random_state=0).fit(X, Y)
    client(m=model)
    assert model.n_jobs == 1
    answers = [client(m=model).post("/score", json={"data": [row]}).json["predict"][0] for row in X[:5].tolist()]
    assert answers == model.predict(X[:5]).tolist()
