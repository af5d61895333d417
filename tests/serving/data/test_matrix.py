"""Every estimator x labels x what it was fitted on x what wraps it: served over each protocol, it answers as in Python.

The product has some hundred thousand cases. Here each estimator is fitted, and each pair of values of the other
dimensions; with ``--whole`` each pair of all of them, and some at random: VIVERO_TEST_DRAWS=20000 for a long hunt.
"""

import os
import random
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from tests.support.matrix.asking import check
from tests.support.matrix.cases import Case, Tried, draw
from tests.support.matrix.covering import cover, goals_of
from tests.support.matrix.forms import NAMES, texts
from tests.support.matrix.wrappers import WRAPPERS, Own
from tests.support.servers.answers import outputs, tensors

pytestmark = pytest.mark.filterwarnings("ignore")
_SEED = 0
_DRAWS, _PARTS = int(os.environ.get("VIVERO_TEST_DRAWS", "2000")), 20
_COVERS = ["serving/**/*.py", "tests/support/matrix/*.py"]
X = load_iris().data[::4]
Y = load_iris().target[::4] % 2

# What is not served though scikit-learn answers: by estimator and what it was fitted on.
_NAMES_AS_TEXTS = "not served: takes the names of a frame's columns for texts, which says nothing of its rows"
REASONS = {
    **{
        (name, form): _NAMES_AS_TEXTS
        for name in ("CountVectorizer", "HashingVectorizer", "TfidfVectorizer")
        for form in ("frame", "frame of numbers and truth values", "frame of categories", "mixed")
    },
    **{
        ("IsotonicRegression", form): "not served by name: keeps no name of its column"
        for form in ("frame", "frame of numbers and truth values")
    },
}


@pytest.fixture
def tried(client: Any, record_property: Any) -> Any:
    """Fit cases, compare what is served with Python, count what became of them, and fail for each that is wrong."""
    tried = Tried(lambda built: check(client(m=built.model), built), REASONS)
    with threadpool_limits(1):  # as where models are served
        yield tried
    record_property("counted", {"served as in Python": len(tried.answered) - len(tried.wrong), **tried.left_out})


@pytest.mark.sampled(covers=_COVERS)
@pytest.mark.slow("all pairs, where the whole product is wanted", seconds=180)
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_all_pairs(wrapper: str, whole: bool, tried: Tried) -> None:
    tried.all(cover(random.Random(f"{_SEED} {wrapper}"), goals_of(wrapper, whole=whole)))
    assert not tried.wrong, "\n".join(tried.wrong)


@pytest.mark.sampled(covers=_COVERS)
@pytest.mark.slow("as many cases as are asked for", seconds=60 + _DRAWS)
@pytest.mark.parametrize("part", range(_PARTS))
def test_cases_at_random(part: int, whole: bool, tried: Tried) -> None:
    tried.all(draw(random.Random(f"{_SEED} {part}"), _DRAWS // _PARTS if whole else 0))
    assert not tried.wrong, "\n".join(tried.wrong)


# Found by cases at random.
_ONCE_WRONG = [
    Case("DummyClassifier", "str", 2, "frame of categories", "alone"),
    Case("DummyRegressor", "int", 2, "frame of categories", "stacking"),
    Case("DummyClassifier", "Int64", 3, "frame of categories", "calibrated"),
    Case("OrdinalEncoder", "int", 2, "array of objects", "alone"),
    Case("OneHotEncoder", "str", 2, "array of objects", "function first"),
    Case("TargetEncoder", "int", 3, "array of objects", "own step first"),
    Case("OneHotEncoder", "str", 2, "array of objects", "columns first"),
    Case("OrdinalEncoder", "string", 3, "array of objects", "union first"),
    Case("FunctionTransformer", "bool", 3, "frame of categories", "own step first"),
    Case("FunctionTransformer", "float", 2, "frame of categories", "frozen"),
]


@pytest.mark.parametrize("case", _ONCE_WRONG, ids=str)
def test_what_was_once_wrong(case: Case, tried: Tried) -> None:
    assert tried.one(case)
    assert not tried.wrong, "\n".join(tried.wrong)


def test_a_way_of_one_row_is_that_of_many(client: Any) -> None:
    model = ExtraTreesRegressor(10, n_jobs=-1, random_state=0).fit(X, Y)
    server = client(m=model)
    assert model.n_jobs == 1
    answers = [server.post("/score", json={"data": [row]}).json["predict"][0] for row in X[:5].tolist()]
    assert answers == model.predict(X[:5]).tolist()


def test_a_union_of_vectorizers(client: Any) -> None:
    union = FeatureUnion([("words", CountVectorizer()), ("letters", TfidfVectorizer(analyzer="char"))])
    model = make_pipeline(union, LogisticRegression()).fit(texts(X), Y)
    assert client(m=model).post("/score", json={"data": texts(X)}).json["predict"] == model.predict(texts(X)).tolist()


def test_a_function_that_wants_a_series(client: Any) -> None:
    given = pandas.Series(texts(X))
    model = make_pipeline(FunctionTransformer(_lower), CountVectorizer(), LogisticRegression()).fit(given, Y)
    assert client(m=model).post("/score", json={"data": texts(X)}).json["predict"] == model.predict(given).tolist()


def _lower(given: Any) -> Any:
    return given.str.lower()


def test_a_frozen_model(client: Any) -> None:
    model = FrozenEstimator(LogisticRegression().fit(X, Y))
    assert client(m=model).post("/score", json={"data": X.tolist()}).json["predict"] == model.predict(X).tolist()


def test_columns_by_number_mean_positions(client: Any) -> None:
    model = LogisticRegression().fit(X, Y)
    server, right = client(m=model), model.predict(X).tolist()
    backwards = [dict(reversed([(str(at), value) for at, value in enumerate(row)])) for row in X.tolist()]
    assert server.post("/score", json={"data": backwards}).json["predict"] == right
    split = {"columns": [3, 2, 1, 0], "data": X[:, ::-1].tolist()}
    assert server.post("/invocations", json={"dataframe_split": split}).json["predictions"] == right
    named = server.post("/score", json={"data": [dict(zip(NAMES, X[0].tolist(), strict=True))]})
    assert named.status_code == 400 and sorted(named.json["error"]["unknown"]) == sorted(NAMES)


def test_values_by_column(client: Any) -> None:
    frame = pandas.DataFrame(X, columns=NAMES)
    model = LogisticRegression().fit(frame, Y)
    body = {"data": {name: frame[name].tolist() for name in reversed(NAMES)}}
    assert client(m=model).post("/score", json=body).json["predict"] == model.predict(frame).tolist()


def test_a_label_of_bytes_is_its_text(client: Any) -> None:
    server = client(m=DecisionTreeClassifier().fit(X, np.array([b"no", "j\u00e4".encode()])[Y]))
    right = [["no", "j\u00e4"][label] for label in Y]
    assert server.post("/score", json={"data": X.tolist()}).json["predict"] == right
    assert server.post("/invocations", json={"instances": X.tolist()}).json["predictions"] == right
    assert outputs(server.post("/v2/models/m/infer", json={"inputs": tensors(X)}).json) == right


def test_tensors_named_by_number_are_positions_also_where_a_first_step_takes_anything(client: Any) -> None:
    frame = pandas.DataFrame(X)
    model = make_pipeline(Own(), DecisionTreeClassifier(random_state=0)).fit(frame, Y)
    answer = client(m=model).post("/v2/models/m/infer", json={"inputs": tensors(frame)})
    assert outputs(answer.json) == model.predict(frame).tolist()
