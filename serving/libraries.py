"""What fitted models of LightGBM, XGBoost and CatBoost say of their features, each in its own way."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.errors import UserError
from serving.columns import CATEGORY, NUMBER, TEXT, Column

# A line of LightGBM's own format: https://lightgbm.readthedocs.io, "parameters" of Booster.model_to_string.
_CATEGORIES = re.compile(r"^\[categorical_feature: ([\d,]*)\]$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Features:
    """The features of a model.

    Parameters
    ----------
    names : tuple of str or None
        Where it was fitted with names.
    width : int
        How many there are.
    columns : tuple of Column or None
        What each holds, where some are no numbers.
    respelled : bool
        Whether the names have ``_`` where those of the user had a space.
    """

    names: tuple[str, ...] | None
    width: int
    columns: tuple[Column, ...] | None = None
    respelled: bool = False


def features_of(model: Any) -> Features | None:
    """Return the features of a model of these libraries, None for any other."""
    for one in type(model).__mro__:
        read = _READERS.get(one.__module__.partition(".")[0])
        if read is not None:
            return read(model)
    return model.features if isinstance(model, XGBoostBooster) else None


def askable(model: Any) -> Any:
    """Return the model, or what makes it take rows as every other does."""
    if type(model).__module__.partition(".")[0] == "xgboost" and type(model).__name__ == "Booster":
        return XGBoostBooster(model)
    return model


class XGBoostBooster:
    """A booster that takes rows, which its own `predict` wants as a DMatrix."""

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
    told = _CATEGORIES.search(booster.model_to_string(num_iteration=1))
    places = [int(one) for one in told[1].split(",") if one] if told else []
    columns = None
    if known and len(known) == len(places):
        # It takes a value it has not seen for a missing one.
        columns = _columns(len(names), {at: _category(one, others=True) for at, one in zip(places, known, strict=True)})
    return Features(_real(names, "Column_"), len(names), columns, respelled=True)


def _of_xgboost(model: Any) -> Features:
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    names, width = booster.feature_names, booster.num_features()
    columns = None
    if "c" in (booster.feature_types or ()) and hasattr(booster, "get_categories"):  # since 3.1
        known = _categories_of_xgboost(booster)
        columns = _columns(width, {at: _category(one, others=False) for at, one in known.items()})
    return Features(tuple(names) if names else None, width, columns)


def _categories_of_xgboost(booster: Any) -> dict[int, list[Any]]:
    """Return the categories of features by their places.

    They are in the booster's JSON: texts are their bytes, as signed numbers, one after the other, with the place where
    each begins, https://xgboost.readthedocs.io/en/stable/tutorials/cat.html. `Booster.get_categories` needs pyarrow.

    Raises
    ------
    UserError
        If XGBoost (3.2) has cut texts in the wrong places, which it does where they are not ASCII.
    """
    found = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    encodings = found.get("gbtree", found)["model"]["cats"]["enc"]  # of dart it is one deeper
    known = {}
    for at, one in enumerate(encodings):
        values = one.get("values") or []
        if "offsets" in one and values:
            packed, ends = bytes(byte % 256 for byte in values), one["offsets"]
            known[at] = [packed[begin:end].decode(errors="replace") for begin, end in itertools.pairwise(ends)]
        elif values:
            known[at] = values
    if not all(str(text).isascii() for texts in known.values() for text in texts) and not _keeps_letters():
        raise UserError(
            "XGBoost has kept categories wrongly, as it does where they are not ASCII",
            "Train with categories that are, or with their numbers",
        )
    return known


def _keeps_letters() -> bool:
    """Tell whether this XGBoost keeps categories that are not ASCII as they are."""
    import pandas
    import xgboost

    given = pandas.DataFrame({"a": pandas.Categorical(["\u00fc", "b"])})
    kept = xgboost.DMatrix(given, enable_categorical=True).get_categories(export_to_arrow=True).to_arrow()
    try:
        return [one.to_pylist() for _, one in kept if one is not None] == [["b", "\u00fc"]]
    except UnicodeDecodeError:
        return False


def _of_catboost(model: Any) -> Features:
    names = model.feature_names_
    given = {at: Column(CATEGORY, missing=False) for at in model.get_cat_feature_indices()}
    given |= {at: Column(TEXT, missing=False) for at in model.get_text_feature_indices()}
    return Features(_real(names, ""), len(names), _columns(len(names), given) if given else None)


def _real(names: Sequence[str], prefix: str) -> tuple[str, ...] | None:
    """Return names, None if they were only made up from the columns' numbers."""
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
