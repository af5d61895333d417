"""The forms of rows on which a model is fitted, and the steps that an estimator needs for each form."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
WORDS = ["good", "bad", "sad", "day"]
_FEW = slice(3, 36, 9)


class Form(NamedTuple):
    """A form of rows: the conversion from a matrix, and the steps that turn it back into a matrix."""

    rows: Callable[[Any], Any]
    before: Callable[[], list[Any]] = list


def texts(matrix: Any) -> list[str]:
    """Return a text per row."""
    return [" ".join(word for word, value in zip(WORDS, row, strict=False) if value > 2) or "none" for row in matrix]


def _mappings(matrix: Any) -> Any:
    return [dict(zip(WORDS, row, strict=False)) for row in matrix.tolist()]


def _frame(matrix: Any) -> Any:
    return pandas.DataFrame(matrix, columns=NAMES[: matrix.shape[1]])


def _mixed(matrix: Any) -> Any:
    frame = _frame(matrix).astype(float)
    frame["job"] = [np.nan if at % 7 == 0 else ["clerk", "cook"][at % 2] for at in range(len(matrix))]
    frame.loc[::5, NAMES[0]] = np.nan
    return frame


def _of_mixed() -> list[Any]:
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return [ColumnTransformer([("words", words, ["job"])], remainder=numbers)]


def _typed(matrix: Any) -> Any:
    types = dict(zip(NAMES, ["float64", "int64", "bool", "Int64"], strict=True))
    frame = _frame(matrix)
    return (frame if matrix.dtype.kind == "i" else frame.round()).astype({name: types[name] for name in frame})


def _categories(matrix: Any) -> Any:
    frame = _frame(matrix)
    frame["job"] = pandas.Series([["smith", "clerk", None][at % 3] for at in range(len(matrix))], dtype="category")
    frame["floor"] = pandas.Categorical(np.arange(len(matrix)) % 3, categories=[2, 0, 1])
    return frame


FORMS: dict[str, Form] = {
    "array": Form(lambda matrix: matrix),
    "frame": Form(_frame),
    "frame of numbered columns": Form(pandas.DataFrame),
    "array of objects": Form(lambda matrix: matrix.astype(object)),
    "frame of numbers and truth values": Form(_typed),
    "frame of categories": Form(_categories),
    "sparse": Form(sparse.csr_matrix),
    "mixed": Form(_mixed, _of_mixed),
    "texts": Form(texts, lambda: [TfidfVectorizer()]),
    "mappings": Form(_mappings, lambda: [DictVectorizer()]),
}


def few(rows: Any) -> Any:
    """Return a few rows for requests. JSON has no sparse rows."""
    if sparse.issparse(rows):
        return rows[_FEW].toarray()
    return rows.iloc[_FEW] if isinstance(rows, pandas.DataFrame) else rows[_FEW]
