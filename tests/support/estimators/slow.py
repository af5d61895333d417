"""An estimator that takes the time its rows say. Servers import it as their models do."""

import threading
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Slow(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803 - scikit-learn's name
        self.n_features_in_ = len(X[0])
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        seconds = float(np.max(np.asarray(X)))
        threading.Event().wait(seconds if 0.005 < seconds < 60 else 0.005)
        return np.zeros(len(X))
