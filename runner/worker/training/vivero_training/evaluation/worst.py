"""The rows of the holdout that the model gets most wrong."""

from __future__ import annotations

from typing import Any

from ..recording import plain
from ..tables.datasets import Dataset
from ..tables.roles import CLASSES

_MOST = 10


def worst_rows(model: Any, test: Dataset) -> dict[str, list[Any]]:
    """Return a table of the ten rows with the largest error, largest first. Rows without an error are left out.

    Returns
    -------
    dict
        ``row`` (counted from 0 in the data), ``true``, ``predicted`` and ``error``: for numbers, the distance; for
        classes, one minus the probability of the true class, or 1 for a wrong answer if there are no probabilities.
    """
    import numpy

    predicted, true = model.predict(test.features), test.target.to_numpy()
    errors = _errors(model, test, predicted, true)
    order = numpy.argsort(-errors, kind="stable")[:_MOST]
    order = order[errors[order] > 0]
    return {
        "row": plain(test.target.index.to_numpy()[order]),
        "true": plain(true[order]),
        "predicted": plain(numpy.asarray(predicted)[order]),
        "error": plain(errors[order]),
    }


def _errors(model: Any, test: Dataset, predicted: Any, true: Any) -> Any:
    import numpy

    if test.kind != CLASSES:
        return numpy.abs(numpy.asarray(predicted, dtype=float) - true.astype(float))
    if not hasattr(model, "predict_proba"):
        return (numpy.asarray(predicted) != true).astype(float)
    places = {label: number for number, label in enumerate(model.classes_)}
    columns = numpy.array([places.get(label, -1) for label in true])
    shares = model.predict_proba(test.features)[numpy.arange(len(true)), columns]
    return numpy.where(columns < 0, 1.0, 1 - shares)  # a class that the training rows lack has no probability
