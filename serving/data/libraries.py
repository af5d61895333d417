"""Reads the features of fitted LightGBM, XGBoost and CatBoost models."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.errors import UserError
from runner.worker.models.categories import DamagedCategoriesError, of_xgboost
from serving.data.columns import CATEGORY, NUMBER, TEXT, Column

# A line of LightGBM's model format: https://lightgbm.readthedocs.io, "parameters" of Booster.model_to_string.
_CATEGORIES = re.compile(r"^\[categorical_feature: ([\d,]*)\]$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Features:
    """The features of a model.

    Parameters
    ----------
    names : tuple of str or None
        The names, if the model was fitted with names.
    width : int
        The number of features.
    columns : tuple of Column or None
        What each column contains, if some are not numbers.
    respelled : bool
        Whether the model replaced spaces in the user's names by ``_``.
    """

    names: tuple[str, ...] | None
    width: int
    columns: tuple[Column, ...] | None = None
    respelled: bool = False


def features_of(model: Any) -> Features | None:
    """Return the features of a model of these libraries, or None for other models."""
    for base in type(model).__mro__:
        read = _READERS.get(base.__module__.partition(".")[0])
        if read is not None:
            return read(model)
    return model.features if isinstance(model, XGBoostBooster) else None


def predictor(model: Any) -> Any:
    """Return the model, or a wrapper with the usual `predict` for an XGBoost Booster."""
    if type(model).__module__.partition(".")[0] == "xgboost" and type(model).__name__ == "Booster":
        return XGBoostBooster(model)
    return model


class XGBoostBooster:
    """Wraps a Booster, whose own `predict` needs a DMatrix, so that it takes rows."""

    def __init__(self, booster: Any) -> None:
        self._booster, self.features = booster, _of_xgboost(booster)
        self.n_features_in_ = self.features.width

    def predict(self, rows: Any) -> Any:
        """Return the predictions for a matrix or data frame of shape (rows, features)."""
        import xgboost

        names = list(self.features.names) if self.features.names is not None else None
        return self._booster.predict(xgboost.DMatrix(rows, feature_names=names, enable_categorical=True))


def _of_lightgbm(model: Any) -> Features:
    booster = getattr(model, "booster_", model)
    names = booster.feature_name()
    known = booster.pandas_categorical or []
    listed = _CATEGORIES.search(booster.model_to_string(num_iteration=1))
    places = [int(place) for place in listed[1].split(",") if place] if listed else []
    columns = None
    if known and len(known) == len(places):
        # LightGBM treats an unknown value as missing.
        columns = _columns(
            len(names), {at: _category(categories, others=True) for at, categories in zip(places, known, strict=True)}
        )
    return Features(_real(names, "Column_"), len(names), columns, respelled=True)


def _of_xgboost(model: Any) -> Features:
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    names, width = booster.feature_names, booster.num_features()
    try:
        known = of_xgboost(booster)
    except DamagedCategoriesError as garbled:
        raise UserError(str(garbled)) from None
    columns = None
    if known is not None:
        columns = _columns(width, {at: _category(categories, others=False) for at, categories in known.items()})
    return Features(tuple(names) if names else None, width, columns)


def _of_catboost(model: Any) -> Features:
    names = model.feature_names_
    given = {at: Column(CATEGORY, missing=False) for at in model.get_cat_feature_indices()}
    given |= {at: Column(TEXT, missing=False) for at in model.get_text_feature_indices()}
    return Features(_real(names, ""), len(names), _columns(len(names), given) if given else None)


def _real(names: Sequence[str], prefix: str) -> tuple[str, ...] | None:
    """Return names, or None if they were only generated from column numbers."""
    return None if list(names) == [f"{prefix}{at}" for at in range(len(names))] else tuple(names)


def _category(values: Sequence[Any], *, others: bool) -> Column:
    return Column(CATEGORY, categories=tuple(values), others=others, as_category=True)


def _columns(width: int, given: dict[int, Column]) -> tuple[Column, ...]:
    return tuple(given.get(at, Column(NUMBER)) for at in range(width))


_READERS: dict[str, Callable[[Any], Features]] = {
    "lightgbm": _of_lightgbm,
    "xgboost": _of_xgboost,
    "catboost": _of_catboost,
}
