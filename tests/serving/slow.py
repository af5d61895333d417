"""An estimator that computes for as long as its rows say, for servers that import it as their models do."""

import threading

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin


class Slow(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.n_features_in_ = len(X[0])
        return self

    def predict(self, X):
        seconds = float(np.max(np.asarray(X)))
        threading.Event().wait(seconds if 0.005 < seconds < 60 else 0.005)
        return np.zeros(len(X))
