"""Charts and tables of a model's predictions for the holdout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..recording import Recorder, plain
from ..tables.datasets import Dataset
from .confidences import Confidences, confidences

_BINS = 20
_THRESHOLDS = [number / 50 for number in range(51)]


def log_classes(model: Any, test: Dataset, recorder: Recorder) -> dict[str, Any]:
    """Log the confusion matrix, the report by class and, of two classes, what each threshold gives."""
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    found: dict[str, Any] = {}
    labels = list(model.classes_)
    predicted = model.predict(test.features)
    matrix = confusion_matrix(test.target, predicted, labels=labels)
    names = [str(label) for label in plain(labels)]
    recorder.chart("confusion_matrix", "confusion_matrix", {"class_labels": names, "matrix": matrix.tolist()})
    sure = confidences(model, test.features)
    if sure is not None:
        tables = _accuracy_tables(sure, test.target.to_numpy(), labels)
        recorder.chart("accuracy_table", "accuracy_table", {"class_labels": names, **tables})
        if len(labels) == 2 and sure.are_probabilities:
            found["thresholds"] = _thresholds(tables["probability_tables"][1])
            recorder.table("thresholds", found["thresholds"])
    precision, recall, f1, support = precision_recall_fscore_support(
        test.target, predicted, labels=labels, zero_division=0
    )
    table = {
        "class": names,
        "precision": plain(precision),
        "recall": plain(recall),
        "f1": plain(f1),
        "rows": plain(support),
    }
    recorder.table("classes", table)
    return {"classes": table, **found}


def _accuracy_tables(sure: Confidences, true: Any, labels: Sequence[Any]) -> dict[str, Any]:
    """Return for each class and threshold the true and false positives, and the true and false negatives.

    ROC, precision and recall, calibration and lift are drawn from them. The thresholds are probabilities or, for other
    confidences, shares of the rows that are below, as in Azure ML's ``accuracy_table``.
    """
    import numpy

    kind = "probability" if sure.are_probabilities else "percentile"
    tables = []
    for column, label in enumerate(labels):
        values, is_true = sure.values[:, column], true == label
        thresholds = _THRESHOLDS if sure.are_probabilities else numpy.quantile(values, _THRESHOLDS).tolist()
        rows = []
        for threshold in thresholds:
            is_positive = values >= threshold
            hits, alarms = int((is_positive & is_true).sum()), int((is_positive & ~is_true).sum())
            rows.append([hits, alarms, int((~is_true).sum()) - alarms, int(is_true.sum()) - hits])
        tables.append(rows)
    return {f"{kind}_tables": tables, f"{kind}_thresholds": _THRESHOLDS}


def _thresholds(counts: Sequence[Sequence[int]]) -> dict[str, list[Any]]:
    """Return what other thresholds for the second class would give, as a table."""
    table: dict[str, list[Any]] = {"threshold": [], "precision": [], "recall": [], "f1": [], "predicted": []}
    for threshold, (hits, alarms, _, missed) in zip(_THRESHOLDS, counts):
        precision, recall = _share(hits, hits + alarms), _share(hits, hits + missed)
        row = (threshold, precision, recall, _share(2 * hits, 2 * hits + alarms + missed), hits + alarms)
        for name, value in zip(table, row):
            table[name].append(value)
    return table


def _share(part: int, whole: int) -> float:
    """Return a share; of nothing it is 0, as in scikit-learn."""
    return part / whole if whole else 0.0


def log_numbers(model: Any, test: Dataset, recorder: Recorder) -> dict[str, Any]:
    """Log the residuals, predicted against true values, and the error by quarter of the target."""
    import numpy
    import pandas

    true = test.target.to_numpy(dtype=float)
    predicted = numpy.asarray(model.predict(test.features), dtype=float)
    counts, edges = numpy.histogram(predicted - true, bins=_BINS)
    recorder.chart("residuals", "residuals", {"bin_edges": edges.tolist(), "bin_counts": counts.tolist()})
    recorder.chart("predictions", "predictions", _predictions(true, predicted))
    quarter = pandas.qcut(test.target, 4, duplicates="drop")
    errors = pandas.Series(numpy.abs(predicted - true), index=test.target.index).groupby(quarter, observed=True)
    table = {
        "target": [str(one) for one in errors.mean().index],
        "mean_absolute_error": plain(errors.mean()),
        "rows": plain(errors.size()),
    }
    recorder.table("error_by_target", table)
    return {"error_by_target": table}


def _predictions(true: Any, predicted: Any) -> dict[str, Any]:
    import numpy

    edges = numpy.histogram_bin_edges(true, bins=_BINS)
    places = numpy.clip(numpy.digitize(true, edges) - 1, 0, len(edges) - 2)
    averages, errors, counts = [], [], []
    for number in range(len(edges) - 1):
        values = predicted[places == number]
        counts.append(len(values))
        averages.append(float(values.mean()) if len(values) else 0.0)
        errors.append(float(values.std()) if len(values) else 0.0)
    return {"bin_edges": edges.tolist(), "bin_counts": counts, "bin_averages": averages, "bin_errors": errors}
