"""Labels x what a model was fitted on x what wraps it: each answers as in Python, bit for bit, over each protocol."""

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from serving.outputs import tidy
from serving.schema import METHODS
from tests.support.answers import forms, layouts, outputs, same, tensors
from tests.support.every_estimator import NOT_SERVED, data_for, make

X = load_iris().data[::4]
Y = load_iris().target[::4] % 2  # two classes, which thresholds want
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
WORDS = ["good", "bad", "sad", "day"]
FEW = slice(3, 40, 6)


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A transformer of the user's own, which says nothing of what it takes."""

    def fit(self, rows: Any, labels: Any = None) -> "Own":
        return self

    def transform(self, rows: Any) -> Any:
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        return True


LABELS: dict[str, Callable[[], Any]] = {
    "int": lambda: Y,
    "bool": lambda: Y > 0,
    "float": lambda: Y + 1.0,
    "str": lambda: np.array(["no", "yes"])[Y],
    "bytes": lambda: np.array([b"no", b"yes"])[Y],
    "object": lambda: np.array(["no", "yes"], dtype=object)[Y],
    "category": lambda: pandas.Series(np.array(["no", "yes"])[Y], dtype="category"),
    "string": lambda: pandas.Series(np.array(["no", "yes"])[Y], dtype="string"),
    "Int64": lambda: pandas.Series(Y, dtype="Int64"),
}


def texts() -> Any:
    return [" ".join(word for word, value in zip(WORDS, row, strict=True) if value > 2) or "none" for row in X]


def mixed() -> Any:
    frame = pandas.DataFrame(X, columns=NAMES)
    frame["job"] = [np.nan if at % 7 == 0 else ["clerk", "cook"][at % 2] for at in range(len(X))]
    frame.loc[::5, "sepal width"] = np.nan
    return frame


# The rows a model is fitted on, and what stands before it.
FITTED: dict[str, tuple[Callable[[], Any], Callable[[], list[Any]]]] = {
    "array": (lambda: X, list),
    "frame": (lambda: pandas.DataFrame(X, columns=NAMES), list),
    "frame of numbered columns": (lambda: pandas.DataFrame(X), list),
    "sparse": (lambda: sparse.csr_matrix(X), list),
    "mixed": (mixed, lambda: [ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NAMES),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"),
                                OneHotEncoder(handle_unknown="ignore")), ["job"]),
    ])]),
    "texts": (texts, lambda: [TfidfVectorizer()]),
    "mappings": (lambda: [dict(zip(WORDS, row, strict=True)) for row in X.tolist()], lambda: [DictVectorizer()]),
}  # fmt: skip

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: LogisticRegression(max_iter=300),
    "forest": lambda: RandomForestClassifier(7, random_state=0),
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "svc": SVC,
    "neighbours": KNeighborsClassifier,
}
WRAPPED: dict[str, Callable[[Any], Any]] = {
    "alone": lambda model: model,
    "passthrough first": lambda model: make_pipeline("passthrough", model),
    "own step first": lambda model: make_pipeline(Own(), model),
    "function first": lambda model: make_pipeline(FunctionTransformer(), model),
    "grid": lambda model: GridSearchCV(model, {}, cv=2),
    "calibrated": lambda model: CalibratedClassifierCV(model, cv=2),
    "voting": lambda model: VotingClassifier([("a", model), ("b", model)]),
    "stacking": lambda model: StackingClassifier([("a", model)], final_estimator=GaussianNB(), cv=2),
    "one against rest": OneVsRestClassifier,
    "output code": lambda model: OutputCodeClassifier(model, random_state=0),
    "fixed threshold": FixedThresholdClassifier,
    "tuned threshold": lambda model: TunedThresholdClassifierCV(model, cv=2),
    "union first": lambda model: make_pipeline(FeatureUnion([("a", Own()), ("b", Own())]), model),
    "several outputs": MultiOutputClassifier,
    "frozen": FrozenEstimator,
    "grid of calibrated": lambda model: GridSearchCV(CalibratedClassifierCV(model, cv=2), {}, cv=2),
}
CASES = list(itertools.product(FITTED, WRAPPED))


def wrapped(fitted: str, wrapper: str, at: int) -> tuple[Any, Any]:
    """Return a fitted model and the rows to ask it about; labels and the estimator go round with the case's number."""
    rows, before = FITTED[fitted][0](), FITTED[fitted][1]()
    chosen = list(ESTIMATORS)[at % len(ESTIMATORS)]
    labels = list(LABELS.values())[at % len(LABELS)]()
    model = ESTIMATORS[chosen]()
    outer = WRAPPED[wrapper](make_pipeline(*before, model) if before else model)
    if fitted in ("texts", "mappings") and wrapper == "function first":
        outer = make_pipeline(FunctionTransformer(list), make_pipeline(*before, model))
    if wrapper == "several outputs":
        labels = np.column_stack([labels, labels[::-1]])
    if wrapper == "frozen":  # it takes what is fitted
        outer.estimator.fit(rows, labels)
    outer.fit(rows, labels)
    return outer, few(np.asarray(rows) if wrapper == "union first" and fitted == "frame" else rows)  # it has no names


def few(rows: Any) -> Any:
    """Return some rows in the form that they are asked in."""
    if sparse.issparse(rows):
        return rows[FEW].toarray()
    return rows.iloc[FEW] if isinstance(rows, pandas.DataFrame) else rows[FEW]


def check(asked: Any, model: Any, rows: Any) -> None:
    """Ask a model for all that it has, in every form and over each protocol, and compare with Python."""
    for method in METHODS:
        if not hasattr(model, method):
            continue
        answers = [tidy(getattr(model, method)(one)) for one in layouts(rows)]
        for body in forms(rows):
            found = asked.post("/score", json={"data": body, "method": method})
            assert found.status_code == 200, (method, found.json)
            assert any(same(found.json[method], answer) for answer in answers), method
            found = asked.post("/invocations", json={"instances": body, "params": {"method": method}})
            assert any(same(found.json["predictions"], answer) for answer in answers), method
        if not isinstance(rows, list) or isinstance(rows[0], str):  # the protocol has no mappings
            inference = {"inputs": tensors(rows), "parameters": {"method": method}}
            found = asked.post("/v2/models/m/infer", json=inference)
            assert found.status_code == 200, (method, found.json)
            assert any(same(outputs(found.json), answer) for answer in answers), method


@pytest.mark.sampled(25, covers=["serving/**/*.py"])
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda at: "-".join(CASES[at]))
def test_it_answers_as_in_python(case: int, client: Any) -> None:
    fitted, wrapper = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model, rows = wrapped(fitted, wrapper, case)
            answers_in_python(model, rows)
        except (ValueError, TypeError, AttributeError) as error:
            pytest.skip(f"not in Python either: {error}")
        check(client(m=model), model, rows)


def answers_in_python(model: Any, rows: Any) -> None:
    """Raise what the model raises."""
    for method in METHODS:
        if hasattr(model, method):
            getattr(model, method)(rows)


EVERY = [(name, cls) for name, cls in all_estimators() if name not in NOT_SERVED]
CLASSIFIERS = [(name, cls) for name, cls in EVERY if issubclass(cls, ClassifierMixin)]


@pytest.mark.sampled(40, covers=["serving/**/*.py"])
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(("name", "cls"), CLASSIFIERS, ids=lambda one: one if isinstance(one, str) else "")
def test_every_classifier_answers_with_its_labels(name: str, cls: Any, labels: str, client: Any) -> None:
    model, rows = make(name, cls), np.abs(X)
    targets = LABELS[labels]()
    if name in ("MultiOutputClassifier", "ClassifierChain"):
        targets = np.column_stack([targets, targets[::-1]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(rows, targets)
            answers_in_python(model, rows[FEW])
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            pytest.skip(f"not in Python either: {error}")
        check(client(m=model), model, rows[FEW])


@pytest.mark.sampled(40, covers=["serving/**/*.py"])
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("fitted", [one for one in FITTED if one not in ("array", "texts", "mappings")])
@pytest.mark.parametrize(("name", "cls"), EVERY, ids=lambda one: one if isinstance(one, str) else "")
def test_every_estimator_answers_to_what_it_was_fitted_on(name: str, cls: Any, fitted: str, client: Any) -> None:
    rows, before = FITTED[fitted][0](), FITTED[fitted][1]()
    inner = make(name, cls)
    targets = data_for(name, inner)[1]
    if targets is None:
        pytest.skip("takes texts")
    targets = np.resize(targets, (len(X), *np.shape(targets)[1:]))
    model = make_pipeline(*before, inner) if before else inner
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model.fit(rows, targets)
            answers_in_python(model, few(rows))
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            pytest.skip(f"not in Python either: {error}")
        check(client(m=model), model, few(rows))


def test_a_union_of_vectorizers(client: Any) -> None:
    union = FeatureUnion([("words", CountVectorizer()), ("letters", TfidfVectorizer(analyzer="char"))])
    model = make_pipeline(union, LogisticRegression()).fit(texts(), Y)
    assert client(m=model).post("/score", json={"data": texts()}).json["predict"] == model.predict(texts()).tolist()


def test_a_function_that_wants_a_series(client: Any) -> None:
    given = pandas.Series(texts())
    model = make_pipeline(FunctionTransformer(_lower), CountVectorizer(), LogisticRegression()).fit(given, Y)
    assert client(m=model).post("/score", json={"data": texts()}).json["predict"] == model.predict(given).tolist()


def _lower(given: Any) -> Any:
    return given.str.lower()


def test_a_frozen_model(client: Any) -> None:
    model = FrozenEstimator(LogisticRegression().fit(X, Y))
    assert client(m=model).post("/score", json={"data": X.tolist()}).json["predict"] == model.predict(X).tolist()


def test_columns_by_number_mean_positions(client: Any) -> None:
    model = LogisticRegression().fit(X, Y)
    asked, right = client(m=model), model.predict(X).tolist()
    backwards = [dict(reversed([(str(at), value) for at, value in enumerate(row)])) for row in X.tolist()]
    assert asked.post("/score", json={"data": backwards}).json["predict"] == right
    split = {"columns": [3, 2, 1, 0], "data": X[:, ::-1].tolist()}
    assert asked.post("/invocations", json={"dataframe_split": split}).json["predictions"] == right
    named = asked.post("/score", json={"data": [dict(zip(NAMES, X[0].tolist(), strict=True))]})
    assert named.status_code == 400 and sorted(named.json["error"]["unknown"]) == sorted(NAMES)


def test_values_by_column(client: Any) -> None:
    frame = pandas.DataFrame(X, columns=NAMES)
    model = LogisticRegression().fit(frame, Y)
    body = {"data": {name: frame[name].tolist() for name in reversed(NAMES)}}
    assert client(m=model).post("/score", json=body).json["predict"] == model.predict(frame).tolist()


def test_a_label_of_bytes_is_its_text(client: Any) -> None:
    asked = client(m=DecisionTreeClassifier().fit(X, np.array([b"no", "j\u00e4".encode()])[Y]))
    right = [["no", "j\u00e4"][one] for one in Y]
    assert asked.post("/score", json={"data": X.tolist()}).json["predict"] == right
    assert asked.post("/invocations", json={"instances": X.tolist()}).json["predictions"] == right
    assert outputs(asked.post("/v2/models/m/infer", json={"inputs": tensors(X)}).json) == right


def test_tensors_named_by_number_are_positions_also_where_a_first_step_takes_anything(client: Any) -> None:
    frame = pandas.DataFrame(X)
    model = make_pipeline(Own(), DecisionTreeClassifier(random_state=0)).fit(frame, Y)
    found = client(m=model).post("/v2/models/m/infer", json={"inputs": tensors(frame)})
    assert outputs(found.json) == model.predict(frame).tolist()
