"""Loads the tables to learn from."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..declaration import BUNDLED, Declaration
from ..mistakes import Mistake, first_line, nearest
from .columns import plain_columns
from .dates import with_dates
from .memory import memory_line
from .roles import column_of, groups_of, target_of, weights_of

_BUNDLED = ("iris", "wine", "breast_cancer", "digits", "diabetes")
_READERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".csv": ("read_csv", {}),
    ".tsv": ("read_csv", {"sep": "\t"}),
    ".parquet": ("read_parquet", {}),
    ".json": ("read_json", {}),
    ".jsonl": ("read_json", {"lines": True}),
}
_TWICE = re.compile(r"Multiple matches for FieldRef\.Name\((.*?)\)")  # what pyarrow says of a Parquet file
_REPEATED = re.compile(r"\.\d+$")  # how pandas ends the name of a column that stands twice in a text file


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
        column_of(table, column, "train.features.dates")
    table = with_dates(table, train["features"]["dates"])
    target = target_of(table, train["target"] or default, kind)
    groups = groups_of(table, train["groups"]) if train["groups"] else None
    weights = weights_of(table, train["sample_weight"]) if train["sample_weight"] else None
    for column in train["slices"]:
        column_of(table, column, "train.slices")
    others = {None if target is None else target.name, train["groups"], train["sample_weight"]}
    return Dataset(table, _features(table, train["features"], others), target, groups, weights, kind)


def _features(table: Any, settings: Mapping[str, Any], others: Any) -> Any:
    for key in ("keep", "drop"):
        for name in settings[key]:
            column_of(table, name, f"train.features.{key}")
    kept = settings["keep"] or [name for name in table.columns if name not in others]
    chosen = [name for name in kept if name not in settings["drop"]]
    for name in chosen:
        if name in others:
            raise Mistake(f"train.features.keep: '{name}' cannot be a feature, it has another use")
    if not chosen:
        raise Mistake("train.features leaves no column to learn from")
    return plain_columns(table[chosen])


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
        return _checked(getattr(pandas, reader)(path, **options), path)
    except (ValueError, OSError, ImportError) as error:
        twice = _TWICE.search(str(error))
        if twice is not None:
            raise Mistake(f"train.data: {path.name} has two columns named '{twice[1]}'") from None
        why = first_line(error).replace(str(path), path.name)
        raise Mistake(f"train.data: {path.name} cannot be read: {why}") from None


def _checked(table: Any, path: Path) -> Any:
    """Return a table, unless its columns cannot be told apart."""
    names = [str(name) for name in table.columns]
    for name, renamed in _renamed(names, path):
        print(f"warning: {path.name} has another column named '{name}'. It is read as '{renamed}'", flush=True)
    separator = next((one for one in (";", "\t", "|") if len(names) == 1 and one in names[0]), None)
    if separator is not None and path.suffix.lower() == ".csv":
        raise Mistake(f"train.data: {path.name} is separated by {separator!r}. Separate its columns by commas")
    return table


def _renamed(names: list[str], path: Path) -> list[tuple[str, str]]:
    """Return the names that a text file has more than once, with what pandas made of each repetition."""
    if path.suffix.lower() not in (".csv", ".tsv") or not any(_REPEATED.search(name) for name in names):
        return []
    reader, options = _READERS[path.suffix.lower()]
    header = getattr(_pandas(), reader)(path, header=None, nrows=1, dtype=str, **options).iloc[0]
    return [(given, name) for given, name in zip(header, names) if given != name and given in names]


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


def _shown(place: str) -> str:
    return place if place.startswith(BUNDLED) else pathlib.Path(place).name
