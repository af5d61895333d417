"""Chooses few cases so that each pair of values of two dimensions occurs in a case that could be fitted."""

import random
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from itertools import product

from sklearn.base import ClassifierMixin

from tests.support.matrix.cases import DIMENSIONS, Case, Value, drawn
from tests.support.matrix.estimators import ESTIMATORS
from tests.support.matrix.wrappers import FOR_CLASSIFIERS, WRAPPERS

Goal = tuple[tuple[str, Value], ...]  # values that must occur in one case
_TRIES = 12  # tries of a goal with different other values, until it counts as impossible for scikit-learn

_MERGED = 5  # tries with values of other goals, then with those of a fitted case, then with any


def goals_of(wrapper: str, *, whole: bool) -> list[Goal]:
    """Return the goals of a wrapper: pairs of values. Without `whole`, each estimator by itself."""
    place, parts = DIMENSIONS["wrapper"].index(wrapper), len(DIMENSIONS["wrapper"])
    small = [name for name in DIMENSIONS if name not in ("wrapper", "estimator")]
    estimators = _part(wrapper)
    goals = list(_pairs("wrapper", [wrapper], ["estimator", *small] if whole else small))
    for name in small:
        goals += list(_pairs(name, DIMENSIONS[name], small[small.index(name) + 1 :]))[place::parts]
    if whole:
        return goals + list(_pairs("estimator", estimators, small))
    return goals + [(("estimator", estimator),) for estimator in estimators]


def _part(wrapper: str) -> list[str]:
    """Return a wrapper's part of the estimators, preferably those that it takes. Each estimator is in one part."""
    for_classifiers = wrapper in FOR_CLASSIFIERS
    among = [candidate for candidate in WRAPPERS if (candidate in FOR_CLASSIFIERS) == for_classifiers]
    estimators = [name for name, cls in ESTIMATORS.items() if issubclass(cls, ClassifierMixin) == for_classifiers]
    return estimators[among.index(wrapper) :: len(among)]


def _pairs(name: str, values: Iterable[Value], others: Iterable[str]) -> Iterator[Goal]:
    for other in others:
        yield from (((name, value), (other, other_value)) for value, other_value in product(values, DIMENSIONS[other]))


def cover(source: random.Random, goals: Iterable[Goal]) -> Generator[Case, bool | None, None]:
    """Yield cases until each goal has been in a case that could be fitted. The caller sends back whether it could."""
    left, fitted = dict.fromkeys(goals, _TRIES), list[Case]()
    while left:
        goal = next(iter(left))
        if left[goal] > _TRIES - _MERGED:
            company = _merged(source, goal, left)
        else:
            company = asdict(source.choice(fitted)) if fitted and left[goal] % 2 else {}
        case = drawn(source, **{**company, **dict(goal)})
        if (yield case):
            fitted.append(case)
            left = {remaining: tries for remaining, tries in left.items() if not set(remaining) <= asdict(case).items()}
            continue
        left[goal] -= 1
        if not left[goal]:
            del left[goal]


def _merged(source: random.Random, goal: Goal, left: Iterable[Goal]) -> dict[str, Value]:
    """Return values of as many goals as can be combined."""
    merged = dict(goal)
    others = list(left)
    source.shuffle(others)
    for other in others:
        if all(merged.get(name, value) == value for name, value in other):
            merged |= other
    return merged
