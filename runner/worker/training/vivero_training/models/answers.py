"""A model that is asked once for the same rows, although several scores, charts and tables need its answers."""

from __future__ import annotations

from typing import Any

METHODS = ("predict", "predict_proba", "decision_function")


class Answering:
    """A fitted model that keeps its answers for some rows. For other rows, and in all else, it is the model.

    Parameters
    ----------
    model : estimator
        The fitted model.
    features : DataFrame of shape (n, n_features)
        The rows. Only this very object is recognized.
    """

    def __init__(self, model: Any, features: Any) -> None:
        self._model, self._features = model, features
        self._answers: dict[str, Any] = {}

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # the model's, for checks of its kind and for messages
        return type(self._model)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._model, name)
        if name not in METHODS:
            return method

        def answer(rows: Any) -> Any:
            if rows is not self._features:
                return method(rows)
            if name not in self._answers:
                self._answers[name] = method(rows)
            return self._answers[name]

        answer.__name__ = name  # by which scorers tell the methods apart
        return answer
