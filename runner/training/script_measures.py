"""The measures of clusters, outliers and components, as functions of an exported script.

They are those of ``vivero_training/models/measures.py``; a test compares what both give.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.training.python_writer import PythonWriter

_PREPARED = '''
def prepared(fitted, X):
    """Return the features as the last step gets them, and that step."""
    return (fitted[:-1].transform(X), fitted[-1]) if hasattr(fitted, "steps") else (X, fitted)
'''
_SILHOUETTE = '''
def silhouette(fitted, X, y):
    """Return how much nearer rows are to their own cluster than to the next one."""
    rows, last = prepared(fitted, X)
    labels = last.predict(rows)
    return silhouette_score(rows, labels, sample_size=2000 if len(labels) > 2000 else None, random_state=0)
'''
_RAND = '''
def adjusted_rand(fitted, X, y):
    """Return how far clusters and target agree."""
    return adjusted_rand_score(y, fitted.predict(X))
'''
_OUTLIERS = '''
def roc_auc(fitted, X, y):
    """Return the area under the ROC curve. The rows with the rarer target are the outliers."""
    return roc_auc_score(y == y.value_counts().index[-1], -fitted.score_samples(X))
'''
_RECONSTRUCTION = '''
def reconstruction_r2(fitted, X, y):
    """Return the share of the variance that the components keep."""
    rows, last = prepared(fitted, X)
    rows = numpy.asarray(rows.toarray() if hasattr(rows, "toarray") else rows, dtype=float)
    lost = rows - numpy.asarray(last.inverse_transform(last.transform(rows)))
    return 1 - (lost**2).sum() / ((rows - rows.mean(axis=0)) ** 2).sum()
'''
_MEASURES = {
    "silhouette": ("sklearn.metrics.silhouette_score", _PREPARED + "\n" + _SILHOUETTE),
    "adjusted_rand": ("sklearn.metrics.adjusted_rand_score", _RAND),
    "roc_auc": ("sklearn.metrics.roc_auc_score", _OUTLIERS),
    "reconstruction_r2": ("numpy", _PREPARED + "\n" + _RECONSTRUCTION),
}


def write_measures(writer: PythonWriter, names: Iterable[str]) -> None:
    """Write the functions of some measures, and ``scorers``, a mapping from name to function."""
    names = [name for name in names if name in _MEASURES]
    for name in names:
        needed, text = _MEASURES[name]
        writer.need(needed)
        writer.add("", text.strip(), "")
    writer.add(f"scorers = {{{', '.join(f'{name!r}: {name}' for name in names)}}}".replace("'", '"'))
