"""The labels to predict: the same classes as values of each type."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas

_WORDS = ["no", "yes", "maybe"]

LABELS: dict[str, Callable[[Any], Any]] = {
    "int": lambda codes: codes,
    "bool": lambda codes: codes > 0,
    "float": lambda codes: codes + 1.0,
    "str": lambda codes: np.array(_WORDS)[codes],
    "object": lambda codes: np.array(_WORDS, dtype=object)[codes],
    "bytes": lambda codes: np.array(_WORDS, dtype=bytes)[codes],
    "category": lambda codes: pandas.Series(np.array(_WORDS)[codes], dtype="category"),
    "string": lambda codes: pandas.Series(np.array(_WORDS)[codes], dtype="string"),
    "Int64": lambda codes: pandas.Series(codes, dtype="Int64"),
}


def twice(labels: Any) -> Any:
    """Return labels for two outputs."""
    if isinstance(labels, pandas.Series):
        return pandas.DataFrame({"a": labels, "b": labels.to_numpy()[::-1]}).astype(labels.dtype)
    return np.column_stack([labels, labels[::-1]])
