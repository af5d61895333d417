"""How sure a classifier is of each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Confidences:
    """Confidences for some rows.

    Parameters
    ----------
    values : ndarray of shape (n, n_classes)
        In the order of the model's ``classes_``; more means surer.
    are_probabilities : bool
        Whether they are between 0 and 1, and not distances from a border between classes.
    """

    values: Any
    are_probabilities: bool


def confidences(model: Any, features: Any) -> Confidences | None:
    """Return a fitted classifier's confidences, or None if it has none for each class."""
    import numpy

    if hasattr(model, "predict_proba"):
        return Confidences(model.predict_proba(features), True)
    if not hasattr(model, "decision_function"):
        return None
    margins = numpy.asarray(model.decision_function(features), dtype=float)
    if margins.ndim == 1:
        margins = numpy.column_stack([-margins, margins])
    by_class = margins.ndim == 2 and margins.shape[1] == len(model.classes_)  # not by pair of classes, as in "ovo"
    return Confidences(margins, False) if by_class else None
