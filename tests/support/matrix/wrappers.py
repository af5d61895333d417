"""Wrappers around an estimator, and steps before it."""

from collections.abc import Callable
from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, ShuffleSplit, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A user's own transformer, which does not declare its input."""

    def fit(self, rows: Any, labels: Any = None) -> "Own":
        """Return self."""
        return self

    def transform(self, rows: Any) -> Any:
        """Return rows unchanged."""
        return rows

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _chain(before: list[Any], model: Any) -> Any:
    return make_pipeline(*before, model) if before else model


def _around(wrap: Callable[[Any], Any]) -> Callable[[list[Any], Any], Any]:
    return lambda before, model: wrap(_chain(before, model))


def _after(first: Callable[[], Any]) -> Callable[[list[Any], Any], Any]:
    return lambda before, model: make_pipeline(first(), _chain(before, model))


def _union(before: list[Any], model: Any) -> Any:
    members = [before[0], clone(before[0])] if before else [Own(), StandardScaler()]
    return make_pipeline(FeatureUnion(list(zip("ab", members, strict=True))), model)


def _by_kind(of_classifiers: Callable[[Any], Any], of_regressors: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda model: (of_regressors if _is_regressor(model) else of_classifiers)(model)


def _is_regressor(model: Any) -> bool:
    return getattr(model, "_estimator_type", None) == "regressor" or _tag(model) == "regressor"


def _tag(model: Any) -> Any:
    return model.__sklearn_tags__().estimator_type


def _calibrated(model: Any) -> Any:
    return CalibratedClassifierCV(model, cv=2)


# Functions of the steps that the form of the rows needs and the estimator.
WRAPPERS: dict[str, Callable[[list[Any], Any], Any]] = {
    "alone": _around(lambda model: model),
    "scaler first": _after(StandardScaler),
    "passthrough first": _after(lambda: "passthrough"),
    "function first": _after(FunctionTransformer),
    "own step first": _after(Own),
    "columns first": _after(lambda: ColumnTransformer([("a", StandardScaler(), [0])], remainder="passthrough")),
    "union first": _union,
    "grid": _around(lambda model: GridSearchCV(model, {}, cv=ShuffleSplit(1, random_state=0), error_score="raise")),
    "calibrated": _around(_calibrated),
    "grid of calibrated": _around(
        lambda model: GridSearchCV(_calibrated(model), {}, cv=ShuffleSplit(1, random_state=0), error_score="raise")
    ),
    "voting": _around(
        _by_kind(
            lambda model: VotingClassifier([("a", model), ("b", model)]),
            lambda model: VotingRegressor([("a", model), ("b", model)]),
        )
    ),
    "stacking": _around(
        _by_kind(
            lambda model: StackingClassifier([("a", model)], final_estimator=GaussianNB(), cv=2),
            lambda model: StackingRegressor([("a", model)], final_estimator=Ridge(), cv=2),
        )
    ),
    "one against rest": _around(OneVsRestClassifier),
    "output code": _around(lambda model: OutputCodeClassifier(model, random_state=0)),
    "several outputs": _around(_by_kind(MultiOutputClassifier, MultiOutputRegressor)),
    "transformed target": _around(lambda model: TransformedTargetRegressor(model, transformer=StandardScaler())),
    "fixed threshold": _around(FixedThresholdClassifier),
    "tuned threshold": _around(lambda model: TunedThresholdClassifierCV(model, cv=2, thresholds=7)),
    "frozen": _around(FrozenEstimator),
}
FOR_CLASSIFIERS = (
    "calibrated",
    "grid of calibrated",
    "one against rest",
    "output code",
    "fixed threshold",
    "tuned threshold",
)
