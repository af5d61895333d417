"""Estimators that misbehave when a server loads them, and work where they are fitted."""

import os
import queue
import signal
import sys
import threading
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Breaks(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is not typed
    """Ends the process that unpickles it."""

    def __init__(self, how: Any = None) -> None:
        self.how = how

    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803 - scikit-learn's name
        self.n_features_in_, self.classes_ = X.shape[1], np.unique(y)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        return np.zeros(len(X))

    def __setstate__(self, state: Any) -> None:
        if state["how"] == "signal":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        if state["how"] == "exit":
            sys.stdout.flush()
            os._exit(9)
        raise ValueError("broken as asked")


class Threaded(Breaks):
    """Predicts in a thread that is started when it is unpickled."""

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        requests: queue.Queue[Any] = queue.Queue()
        answers: queue.Queue[Any] = queue.Queue()

        def ask(rows: Any) -> Any:
            requests.put(rows)
            return answers.get(timeout=10)

        def run() -> None:
            while True:
                answers.put(np.zeros(len(requests.get())))

        threading.Thread(target=run, daemon=True).start()
        self.ask = ask

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        return self.ask(X)
