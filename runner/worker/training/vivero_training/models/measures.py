"""How good an estimator is that predicts nothing. Each measure is called as a scorer of scikit-learn is."""

from __future__ import annotations

from typing import Any

from ..tables.datasets import Dataset
from ..tables.roles import CLUSTERS, COMPONENTS

_MOST_ROWS = 2000  # whose distances are compared with each other


def measures(data: Dataset) -> dict[str, Any]:
    """Return the measures of clusters, outliers or components, by name. A higher value is better.

    What is found is compared with the target where there is one. Outliers have no measure without one.
    """
    if data.kind == COMPONENTS:
        return {"reconstruction_r2": reconstruction_r2}
    if data.kind == CLUSTERS:
        return {"silhouette": silhouette, **({} if data.target is None else {"adjusted_rand": adjusted_rand})}
    return {} if data.target is None or data.target.nunique() != 2 else {"roc_auc": outlier_roc_auc}


def silhouette(model: Any, features: Any, _target: Any = None, **_options: Any) -> float:
    """Return how much nearer rows are to their own cluster than to the next one, from -1 to 1 (Rousseeuw, 1987).

    Distances are those of the preprocessed features, of 2,000 rows at most.
    """
    from sklearn.metrics import silhouette_score

    rows, last = _prepared(model, features)
    labels = last.predict(rows)
    if len(set(labels.tolist())) < 2:
        raise ValueError("all rows are in one cluster")
    size = _MOST_ROWS if len(labels) > _MOST_ROWS else None
    return float(silhouette_score(rows, labels, sample_size=size, random_state=0))


def adjusted_rand(model: Any, features: Any, target: Any, **_options: Any) -> float:
    """Return how far clusters and target agree: 1 wholly, 0 as by chance."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(target, model.predict(features)))


def outlier_roc_auc(model: Any, features: Any, target: Any, **_options: Any) -> float:
    """Return the area under the ROC curve, where the rows with the rarer target are the outliers."""
    from sklearn.metrics import roc_auc_score

    rare = target.value_counts().index[-1]
    return float(roc_auc_score(target == rare, -model.score_samples(features)))


def reconstruction_r2(model: Any, features: Any, _target: Any = None, **_options: Any) -> float:
    """Return the share of the variance of the preprocessed features that the components keep."""
    import numpy

    rows, last = _prepared(model, features)
    rows = numpy.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=float)
    lost = rows - numpy.asarray(last.inverse_transform(last.transform(rows)))
    return float(1 - (lost**2).sum() / ((rows - rows.mean(axis=0)) ** 2).sum())


def _prepared(model: Any, features: Any) -> tuple[Any, Any]:
    """Return the features as the last step gets them, and that step."""
    return (model[:-1].transform(features), model[-1]) if hasattr(model, "steps") else (features, model)
