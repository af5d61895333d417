"""Reads the categories of an XGBoost booster, for registration and serving."""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional


class DamagedCategoriesError(Exception):
    """XGBoost stored the categories incorrectly. The message says what to do."""


def of_xgboost(booster: "Any") -> "Optional[Dict[int, List[Any]]]":
    """Return the categories of features by position, or None if the booster does not store any.

    Raises
    ------
    DamagedCategoriesError
        If XGBoost (3.2) split non-ASCII categories in the wrong places.
    """
    if "c" not in (booster.feature_types or ()) or not hasattr(booster, "get_categories"):  # it came with 3.1
        return None
    known = _read(booster)
    texts = [str(text) for values in known.values() for text in values]
    if not all(ord(letter) < 128 for text in texts for letter in text) and not _keeps_letters():
        raise DamagedCategoriesError(
            "XGBoost stored the categories incorrectly, as it does when they are not ASCII. "
            "Train with ASCII categories or their codes"
        )
    return known


def _read(booster: "Any") -> "Dict[int, List[Any]]":
    """Return the categories in the booster's JSON.

    Texts are stored as their bytes, one after the other, as signed numbers, with the offset of each text, see
    https://xgboost.readthedocs.io/en/stable/tutorials/cat.html. `Booster.get_categories` would need pyarrow.
    """
    content = json.loads(booster.save_raw("json").decode("utf-8"))["learner"]["gradient_booster"]
    known = {}
    for at, encoding in enumerate(content.get("gbtree", content)["model"]["cats"]["enc"]):  # one level deeper for dart
        values = encoding.get("values") or []
        if "offsets" in encoding and values:
            packed, ends = bytes(byte % 256 for byte in values), encoding["offsets"]
            known[at] = [packed[begin:end].decode(errors="replace") for begin, end in zip(ends, ends[1:])]  # noqa: RUF007 - Python 3.6
        elif values:
            known[at] = values
    return known


def _keeps_letters() -> bool:
    """Return whether this XGBoost preserves non-ASCII categories, by trying."""
    import pandas
    import xgboost

    given = pandas.DataFrame({"a": pandas.Categorical(["\u00fc", "b"])})
    rows = xgboost.DMatrix(given, label=[0, 1], enable_categorical=True)
    return _read(xgboost.train({"verbosity": 0}, rows, num_boost_round=1)) == {0: ["b", "\u00fc"]}
