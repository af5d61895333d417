"""Prevents estimators from starting their own processes or threads."""

from __future__ import annotations

from typing import Any

import numpy as np


def force_one_job(model: Any) -> None:
    """Set every ``n_jobs`` to 1: starting helpers for a request costs several times what it saves."""
    if not hasattr(model, "get_params"):
        return
    jobs = {
        name: 1
        for name, value in model.get_params(deep=True).items()
        if name.split("__")[-1] == "n_jobs" and value != 1
    }
    if jobs:
        model.set_params(**jobs)
    inner = getattr(model, "estimators_", None)
    for estimator in np.ravel(np.asarray(inner, dtype=object)) if inner is not None else ():
        if hasattr(estimator, "n_jobs"):
            estimator.n_jobs = 1
