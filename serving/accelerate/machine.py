"""Support vector machines without scikit-learn's checks. libsvm is called as scikit-learn calls it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Path = Callable[[np.ndarray], Any]


def machine_paths(model: Any) -> dict[str, Path]:
    """Return a fast ``predict`` for a fitted dense ``SVC``, ``SVR``, ``NuSVC`` or ``NuSVR`` with a built-in kernel."""
    if type(model).__name__ not in ("SVC", "SVR", "NuSVC", "NuSVR") or getattr(model, "_sparse", True):
        return {}
    if not isinstance(model.kernel, str) or model.kernel == "precomputed" or getattr(model, "break_ties", False):
        return {}
    from sklearn.svm import _libsvm
    from sklearn.svm._base import LIBSVM_IMPL

    classes = getattr(model, "classes_", None)
    settings = {
        "svm_type": LIBSVM_IMPL.index(model._impl),
        "kernel": model.kernel,
        "degree": model.degree,
        "coef0": model.coef0,
        "gamma": model._gamma,
        "cache_size": model.cache_size,
    }
    fitted = (
        model.support_, model.support_vectors_, model._n_support, model._dual_coef_, model._intercept_,
        model._probA, model._probB,
    )  # fmt: skip

    def predict(rows: np.ndarray) -> Any:
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        if not math.isfinite(rows.sum()):  # an earlier step produced infinity, which the model refuses
            return model.predict(rows)
        predicted = _libsvm.predict(rows, *fitted, **settings)
        return predicted if classes is None else classes.take(np.asarray(predicted, dtype=np.intp))

    return {"predict": predict}
