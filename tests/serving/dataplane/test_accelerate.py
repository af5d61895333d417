"""Shorter ways give the very bits of the plain call, or are not used."""

import threading
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

from serving.accelerate import paths
from serving.dataplane.batching import Batcher
from serving.dataplane.model import ServedModel
from serving.errors import ServingError
from tests.support.waiting import wait_for

IRIS, CANCER, DIABETES = (load(return_X_y=True) for load in (load_iris, load_breast_cancer, load_diabetes))
SHORT = {
    "svc": (SVC(), IRIS, {"predict"}),
    "svc of texts": (SVC(kernel="poly"), (IRIS[0], np.array(["a", "b", "c"])[IRIS[1]]), {"predict"}),
    "svr": (SVR(), DIABETES, {"predict"}),
    "forest": (RandomForestClassifier(30), IRIS, {"predict", "predict_proba", "predict_log_proba"}),
    "extra": (ExtraTreesClassifier(30), CANCER, {"predict", "predict_proba", "predict_log_proba"}),
    "forest regressor": (RandomForestRegressor(30), DIABETES, {"predict"}),
    "boosting": (HistGradientBoostingClassifier(max_iter=30), IRIS, {"predict", "predict_proba", "decision_function"}),
    "boosting of two": (
        HistGradientBoostingClassifier(max_iter=30),
        CANCER,
        {"predict", "predict_proba", "decision_function"},
    ),
    "boosting regressor": (HistGradientBoostingRegressor(max_iter=30), DIABETES, {"predict"}),
    "pipeline": (
        make_pipeline(StandardScaler(), RandomForestClassifier(30)),
        IRIS,
        {"predict", "predict_proba", "predict_log_proba"},
    ),
}


@pytest.mark.parametrize("name", SHORT)
def test_the_same_bits(name: str) -> None:
    model, (rows, targets), methods = SHORT[name]
    model.fit(rows, targets)
    exact, left = paths.exact_paths(model, rows[::7])
    assert exact.keys() == methods, left
    for method, path in exact.items():
        for some in (rows, rows[:1], rows[:2], rows[:32], rows[:33], rows[5:8] * 1e6):
            assert paths.same_bits(getattr(model, method)(some), path(some.copy()))


_LARGE = [1e38, -1e38, 3.5e38, 1e200, -1e200, 1.7e308, 5e-324]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", [name for name in SHORT if name != "pipeline"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_the_model_refuses_is_refused(name: str, scaled: bool) -> None:
    """Numbers beyond single precision, and beyond double precision once a scaler has divided them."""
    alone, (rows, targets), _ = SHORT[name]
    rows = rows / 1e3
    model = make_pipeline(StandardScaler(), clone(alone)) if scaled else clone(alone)
    model.fit(rows, targets)
    for method, path in paths.exact_paths(model, rows[::7])[0].items():
        for value in _LARGE:
            for row in (np.full((1, rows.shape[1]), value), np.array([[value, -value, *rows[0, 2:]]])):
                assert _said(path, row) == _said(getattr(model, method), row), (method, row)


def _said(call: Any, rows: Any) -> Any:
    try:
        return call(rows).tolist()
    except ValueError as error:
        return type(error)


def test_a_way_that_differs_in_one_bit_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SVR().fit(*DIABETES)
    monkeypatch.setattr(
        paths, "_MAKERS", (lambda plain_model: {"predict": lambda rows: np.nextafter(plain_model.predict(rows), 9e9)},)
    )
    exact, left = paths.exact_paths(model, DIABETES[0][:20])
    assert exact == {} and "another answer" in left["predict"]


def test_a_way_that_raises_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_MAKERS", (lambda _one: {"predict": lambda _rows: 1 / 0},))
    assert paths.exact_paths(SVR().fit(*DIABETES), DIABETES[0][:20]) == (
        {},
        {"predict": "ZeroDivisionError: division by zero"},
    )


@pytest.mark.parametrize(
    ("model", "shared"), [(RandomForestClassifier(5), True), (LogisticRegression(max_iter=500), False)]
)
def test_only_trees_share_calls(model: Any, shared: bool, registered_record: Any) -> None:
    served = ServedModel(registered_record, model.fit(*IRIS))
    assert served.is_batched("predict") is shared


class Slow:
    """A model whose first call waits until it is told to go on."""

    def __init__(self) -> None:
        self.go, self.begun = threading.Event(), threading.Event()
        self.sizes: list[int] = []

    def __call__(self, rows: Any) -> Any:
        self.sizes.append(len(rows))
        self.begun.set()
        assert self.go.wait(10)
        if (rows < 0).any():
            raise ValueError("negative")
        return rows[:, 0] * 2


def ask(batcher: Any, values: Any) -> Any:
    """Ask from as many threads; return each one's answer or error."""
    answers: list[Any] = [None] * len(values)

    def one(at: Any) -> None:
        try:
            answers[at] = batcher(np.array([[values[at]]])).tolist()
        except (ValueError, ServingError) as error:
            answers[at] = error

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(values))]
    threads[0].start()
    batcher._function.begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: len(batcher._queue) == len(values) - 1, 10)
    batcher._function.go.set()
    for thread in threads:
        thread.join(10)
    return answers


def test_those_that_wait_share_one_call_and_each_gets_its_own() -> None:
    slow = Slow()
    assert ask(Batcher(slow, lambda _rows: None), [1.0, 2.0, 3.0, 4.0]) == [[2.0], [4.0], [6.0], [8.0]]
    assert slow.sizes == [1, 3]


def test_the_one_to_blame_fails_alone() -> None:
    answers = ask(Batcher(Slow(), lambda _rows: None), [1.0, -2.0, 3.0])
    assert answers[0] == [2.0] and answers[2] == [6.0] and isinstance(answers[1], ValueError)


def test_who_waits_too_long_is_told() -> None:
    slow = Slow()
    batcher = Batcher(slow, lambda _rows: None, patience=0.05)
    first = threading.Thread(target=batcher, args=(np.ones((1, 1)),))
    first.start()
    slow.begun.wait(10)
    with pytest.raises(ServingError) as caught:
        batcher(np.ones((1, 1)))
    assert caught.value.status == 504
    slow.go.set()
    first.join(10)
    assert batcher(np.ones((1, 1))).tolist() == [2.0]


def test_many_threads_all_get_their_own() -> None:
    batcher = Batcher(lambda rows: rows[:, 0] * 2, lambda _rows: None)
    wrong = []

    def one(number: Any) -> None:
        for step in range(200):
            value = number * 1000.0 + step
            if batcher(np.array([[value]])).tolist() != [value * 2]:
                wrong.append(value)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == [] and batcher._queue == [] and not batcher._busy
