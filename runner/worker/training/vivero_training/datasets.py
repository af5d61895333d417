"""Loads a table, and takes target, groups and weights from it."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .columns import plain_columns
from .dates import with_dates
from .declaration import BUNDLED, Declaration
from .memory import memory_line
from .mistakes import Mistake, first_line, nearest

CLASSES, NUMBERS = "classes", "numbers"
CLUSTERS, OUTLIERS, COMPONENTS = "clusters", "outliers", "components"
SUPERVISED = (CLASSES, NUMBERS)  # learn a target; for the others it is only compared with what they find
_BUNDLED = ("iris", "wine", "breast_cancer", "digits", "diabetes")
_READERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".csv": ("read_csv", {}),
    ".tsv": ("read_csv", {"sep": "\t"}),
    ".parquet": ("read_parquet", {}),
    ".json": ("read_json", {}),
    ".jsonl": ("read_json", {"lines": True}),
}


class Dataset:
    """Rows to learn from.

    Attributes
    ----------
    table : DataFrame of shape (n, any)
        All columns, also those that are no features.
    features : DataFrame of shape (n, n_features)
    target : Series of shape (n,), or None
        None only if nothing is predicted.
    groups, weights : Series of shape (n,), or None
    kind : str
        ``classes`` or ``numbers``, by what the estimator predicts, or ``clusters``, ``outliers`` or ``components``.
    """

    def __init__(self, table: Any, features: Any, target: Any, groups: Any, weights: Any, kind: str) -> None:
        self.table, self.features, self.target = table, features, target
        self.groups, self.weights, self.kind = groups, weights, kind

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, numbers: Any) -> Dataset:
        """Return some of the rows, by position."""
        groups = None if self.groups is None else self.groups.iloc[numbers]
        weights = None if self.weights is None else self.weights.iloc[numbers]
        target = None if self.target is None else self.target.iloc[numbers]
        return Dataset(self.table.iloc[numbers], self.features.iloc[numbers], target, groups, weights, self.kind)


def load(name: str, declaration: Declaration, kind: str) -> Dataset:
    """Return the rows of ``train`` or ``holdout``.

    Raises
    ------
    Mistake
        If they cannot be read, or a column that is named is missing or unusable.
    """
    place, train = declaration.place(name), declaration.train
    table, default = _bundled(place[len(BUNDLED) :]) if place.startswith(BUNDLED) else (_read(place), None)
    if not len(table):
        raise Mistake(f"train.data: {_shown(place)} has no rows")
    for column in train["features"]["dates"]:
        _column(table, column, "train.features.dates")
    table = with_dates(table, train["features"]["dates"])
    target = _target(table, train["target"] or default, kind)
    groups = _column(table, train["groups"], "train.groups") if train["groups"] else None
    weights = _column(table, train["sample_weight"], "train.sample_weight") if train["sample_weight"] else None
    for column in train["slices"]:
        _column(table, column, "train.slices")
    others = {None if target is None else target.name, train["groups"], train["sample_weight"]}
    return Dataset(table, _features(table, train["features"], others), target, groups, weights, kind)


def _target(table: Any, name: str | None, kind: str) -> Any:
    """Return the target, or None if there is none and nothing is predicted."""
    if name is None:
        if kind in SUPERVISED:
            raise Mistake("train.target is not set. Name the column to predict: train.target=COLUMN")
        return None
    target = _column(table, name, "train.target")
    if target.isna().any():
        raise Mistake(f"train.target: {int(target.isna().sum())} rows have no '{name}'. Remove these rows")
    if kind in SUPERVISED and target.nunique() < 2:
        raise Mistake(f"train.target: '{name}' has the same value in all rows")
    if kind == NUMBERS and not _is_number(target):
        raise Mistake(f"train.target: '{name}' is not numeric, but the estimator predicts numbers")
    return target


def _features(table: Any, settings: Mapping[str, Any], others: Any) -> Any:
    for key in ("keep", "drop"):
        for name in settings[key]:
            _column(table, name, f"train.features.{key}")
    kept = settings["keep"] or [name for name in table.columns if name not in others]
    chosen = [name for name in kept if name not in settings["drop"]]
    for name in chosen:
        if name in others:
            raise Mistake(f"train.features.keep: '{name}' cannot be a feature, it has another use")
    if not chosen:
        raise Mistake("train.features leaves no column to learn from")
    return plain_columns(table[chosen])


def _column(table: Any, name: str, setting: str) -> Any:
    if name not in table.columns:
        columns = [str(column) for column in table.columns]
        shown = nearest(name, columns) or f". It has {', '.join(columns[:20])}"
        raise Mistake(f"{setting}: the data has no column '{name}'{shown}")
    return table[name]


def _bundled(name: str) -> Any:
    from sklearn import datasets

    shipped = ", ".join(_BUNDLED)
    if name not in _BUNDLED:
        raise Mistake(
            f"train.data: scikit-learn does not ship '{name}'{nearest(name, _BUNDLED) or f'. It ships {shipped}'}"
        )
    _pandas()
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    table = loaded.frame.copy()
    if name in ("iris", "wine", "breast_cancer"):
        table["target"] = [str(loaded.target_names[number]) for number in loaded.target]
    return table, "target"


def _read(place: str) -> Any:
    pandas, path = _pandas(), _file(pathlib.Path(place))
    reader, options = _READERS[path.suffix.lower()]
    try:
        line = memory_line(path)
        if line is not None:
            print(line, flush=True)
        return getattr(pandas, reader)(path, **options)
    except (ValueError, OSError, ImportError) as error:
        raise Mistake(f"train.data: {path.name} cannot be read: {first_line(error)}") from None


def _file(path: Path) -> Path:
    files = sorted(one for one in path.iterdir() if one.suffix.lower() in _READERS) if path.is_dir() else [path]
    if len(files) != 1 or files[0].suffix.lower() not in _READERS:
        found = "no table" if not files else f"{len(files)} tables" if len(files) > 1 else files[0].name
        raise Mistake(
            f"train.data must be one table, {', '.join(_READERS)}, but {path.name} has {found}"
            if path.is_dir()
            else f"train.data: {path.name} is not a table that can be read: {', '.join(_READERS)}"
        )
    return files[0]


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise Mistake(
            "train.data: reading a table needs pandas in the environment: pip install pandas, or environment.packages"
        ) from None
    return pandas


def _is_number(column: Any) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(column) and not is_bool_dtype(column)


def _shown(place: str) -> str:
    return place if place.startswith(BUNDLED) else pathlib.Path(place).name
