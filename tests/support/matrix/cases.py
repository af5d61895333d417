"""Cases of the product: one value of each dimension, fitted in Python."""

import contextlib
import random
import re
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sklearn.datasets import load_iris

from runner.worker.models.flavours import METHODS
from tests.support.matrix.estimators import ESTIMATORS, has_several_outputs, make, rows_for, takes_only
from tests.support.matrix.forms import FORMS, few
from tests.support.matrix.labels import LABELS, twice
from tests.support.matrix.wrappers import WRAPPERS

Value = str | int
_X, _Y = (part[::4] for part in load_iris(return_X_y=True))
DIMENSIONS: dict[str, tuple[Value, ...]] = {
    "estimator": tuple(ESTIMATORS),
    "labels": tuple(LABELS),
    "classes": (2, 3),
    "form": tuple(FORMS),
    "wrapper": tuple(WRAPPERS),
}


@dataclass(frozen=True)
class Case:
    """One value of each dimension."""

    estimator: str
    labels: str
    classes: int
    form: str
    wrapper: str


class NotInPythonError(Exception):
    """scikit-learn itself cannot fit the case or has no answer. The message is its reason."""


def drawn(source: random.Random, **fixed: Value) -> Case:
    """Return a case with random values, except the given ones."""
    values: dict[str, Any] = {name: fixed.get(name) or source.choice(among) for name, among in DIMENSIONS.items()}
    return Case(**values)


class Built(NamedTuple):
    """A fitted model, rows for requests, and the output of each method for them in Python."""

    model: Any
    rows: Any
    answers: dict[str, Any]


def draw(source: random.Random, number: int) -> Generator[Case, bool | None, None]:
    """Yield random cases of the whole product."""
    for _ in range(number):
        yield drawn(source)


def built(case: Case) -> Built:
    """Fit the model of a case and call its methods.

    Raises
    ------
    NotInPythonError
        If scikit-learn cannot.
    """
    form, matrix = FORMS[case.form], rows_for(case.estimator, _X)
    hint = {"texts": "string", "mappings": "dict"}.get(case.form)
    before = [] if hint is not None and takes_only(case.estimator, hint) else form.before()
    rows, labels = form.rows(matrix), LABELS[case.labels](_Y % case.classes)
    if has_several_outputs(case.estimator) != (case.wrapper == "several outputs"):
        labels = twice(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = WRAPPERS[case.wrapper](before, make(case.estimator))
            if case.wrapper == "frozen":  # it takes a fitted estimator
                model.estimator.fit(rows, labels)
            model.fit(rows, labels)
            few_rows = few(rows)
            return Built(
                model,
                few_rows,
                {method: getattr(model, method)(few_rows) for method in METHODS if hasattr(model, method)},
            )
        except Exception as error:
            raise NotInPythonError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return an error's first line without details of the case."""
    line = (str(error).strip() or "no words").splitlines()[0]
    line = re.sub(r"'[^']*'", "'...'", re.sub(r"[0-9]+", "N", line))
    line = re.sub(r"\w+", lambda word: "X" if word[0] in ESTIMATORS else word[0], line)
    return f"{type(error).__name__}: {line[:90]}"


@dataclass
class Tried:
    """The results of cases.

    Parameters
    ----------
    check : callable
        Raises if the served answers differ from the model's in Python.
    reasons : mapping of str to str
        Why some estimators, fitted on some forms, are not served.
    """

    check: Callable[[Built], None]
    reasons: Mapping[tuple[str, str], str]
    answered: list[Case] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def all(self, cases: Generator[Case, bool | None, None]) -> None:
        """Try cases. Each may depend on whether earlier ones could be fitted."""
        fitted: bool | None = None
        with contextlib.suppress(StopIteration):
            while True:
                fitted = self.one(cases.send(fitted))

    def one(self, case: Case) -> bool:
        """Fit a case and check its served answers. Return whether it could be fitted."""
        try:
            made = built(case)
        except NotInPythonError as error:
            self.left_out[f"not in Python: {error}"] += 1
            return False
        reason = self.reasons.get((case.estimator, case.form))
        if reason is not None:
            self.left_out[reason] += 1
            return True
        try:
            self.check(made)
        except Exception as error:  # noqa: BLE001 - whatever it raises, the other cases are tried too
            self.wrong.append(f"{case}: {type(error).__name__}: {error}")
        self.answered.append(case)
        return True
