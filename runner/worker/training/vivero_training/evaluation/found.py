"""Evaluates what is found without a target: clusters, outliers, components."""

from __future__ import annotations

from typing import Any

from ..models.fitting import score
from ..recording import plain
from ..tables.datasets import Dataset
from ..tables.roles import COMPONENTS, OUTLIERS
from ..training import Training


def found_in(fitted: Any, test: Dataset | None, training: Training) -> None:
    """Score the holdout, and log a table of the clusters, outliers or components with their sizes or variances."""
    recorder, evaluation = training.recorder, training.evaluation
    if test is not None:
        scores = score(fitted, test, training.scorers)
        for name, value in scores.items():
            recorder.value(f"holdout_{name}", value)
        evaluation["holdout"] = {name: {"score": value, "interval": None} for name, value in scores.items()}
    table = _table(fitted, training.rows, test, training)
    if table:
        evaluation["found"] = table
        recorder.table("found", table)


def _table(fitted: Any, rows: Dataset, test: Dataset | None, training: Training) -> dict[str, list[Any]]:
    last = fitted[-1] if hasattr(fitted, "steps") else fitted
    if rows.kind == COMPONENTS:
        shares = getattr(last, "explained_variance_ratio_", None)
        if shares is None:
            return {}
        training.recorder.value("explained_variance", shares.sum())
        return {"component": list(range(1, len(shares) + 1)), "explained_variance": plain(shares)}
    import pandas

    parts = {"training_rows": rows, **({} if test is None else {"holdout": test})}
    counts = {name: pandas.Series(fitted.predict(part.features)).value_counts() for name, part in parts.items()}
    labels = sorted(set().union(*(one.index for one in counts.values())))
    if rows.kind == OUTLIERS:
        for name, part in parts.items():
            share = counts[name].get(-1, 0) / len(part)
            training.recorder.value("outlier_share" if name == "training_rows" else "holdout_outlier_share", share)
    named = ["outlier" if label < 0 else "inlier" if rows.kind == OUTLIERS else int(label) for label in labels]
    return {"cluster": named, **{name: [int(one.get(label, 0)) for label in labels] for name, one in counts.items()}}
