"""Writes a first declared experiment for a table, after a look at its columns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.errors import UserError, close, nearest
from runner.store.data.records import ColumnRecord, TableRecord
from runner.store.data.tables import FORMS, describe, form_of

_FEWEST = 3  # rows of a class, which is in the training, in a fold and in the holdout
_MOST_CLASSES = 20  # different whole numbers that are taken for classes
_FOLDS, _HOLDOUT = 5, 0.2
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)")
_MANY = 0.5  # of the rows: a column of texts with more values than this is no category


@dataclass(frozen=True)
class FirstExperiment:
    """A declared experiment.

    Attributes
    ----------
    yaml : str
        The file ``conf/experiment/NAME.yaml``.
    notes : tuple of str
        What was found in the table, and what follows, a line each.
    """

    yaml: str
    notes: tuple[str, ...]


def first_experiment(name: str, data: str, target: str, table: TableRecord) -> FirstExperiment:
    """Return an experiment that suits a table.

    Parameters
    ----------
    name : str
        Its name, which is also that of the model.
    data : str
        What ``train.data`` is set to.
    target : str
        The column to predict.
    table : TableRecord
        The description of the table.

    Raises
    ------
    UserError
        If the table has no such column, or it cannot be predicted.
    """
    rows, column = table.rows or 0, _target(target, table)
    has_classes = _is_class(column)
    folds = _folds(column, rows) if has_classes else _FOLDS
    features = [one for one in table.columns if one.name != target]
    dropped = {one.name: why for one in features if (why := _useless(one, rows))}
    kept = [one for one in features if one.name not in dropped]
    if not kept:
        raise UserError(f"{data} has no column to learn '{target}' from", "Each is empty, constant or an identifier")
    dates = [one.name for one in kept if _has_dates(one)]
    mixed = bool(dates) or any(one.missing or one.type not in ("integer", "number", "boolean") for one in kept)
    estimator = "hist_gradient_boosting" + ("" if has_classes else "_regressor")
    found = f"{column.distinct} classes" if has_classes else "numbers"
    lines = [
        "# @package _global_",
        f"# Predicts {_comment(target)} ({found}) from {len(kept)} columns of {rows:,} rows.",
    ]
    lines += ["defaults:", f"  - override /estimator: {estimator}"]
    lines += ["  - override /preprocessing: mixed_table"] if mixed else []
    lines += ["train:", f"  data: {_text(data)}", f"  target: {_name(target)}", *_features(dropped, dates)]
    lines += [f"  cross_validation: {folds} # the smallest class has few rows"] if folds != _FOLDS else []
    lines += ["model:", f"  name: {name}"]
    notes = [f"{rows:,} rows; '{target}' has {found}", *(f"'{one}' is left out: {why}" for one, why in dropped.items())]
    notes += [f"'{one}' has dates" for one in dates]
    return FirstExperiment("\n".join(lines) + "\n", tuple(notes))


def _features(dropped: Mapping[str, str], dates: Sequence[str]) -> list[str]:
    lines = ["  features:"] if dropped or dates else []
    lines += ["    drop:"] if dropped else []
    lines += [f"      - {_name(one)} # {why}" for one, why in dropped.items()]
    return lines + ([f"    dates: [{', '.join(map(_name, dates))}]"] if dates else [])


def is_file_name(data: str) -> bool:
    """Return whether a name ends as a table's file does, so that no data asset is meant."""
    return form_of(data) is not None


def look(path: Path) -> TableRecord:
    """Return the description of a file's table.

    Raises
    ------
    UserError
        If there is no such file, or it is not a table.
    """
    if not path.exists():
        meant = close(path.name, [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else [])
        raise UserError(f"{path} does not exist", f"Did you mean '{meant}'?" if meant else "")
    if path.is_dir() or form_of(path.name) is None:
        raise UserError(f"{path.name} is not a table that can be read", f"Name a file that ends in {', '.join(FORMS)}")
    table = describe(path, [path.name])
    if not table.columns or not table.rows:
        raise UserError(f"{path.name} cannot be read: {'; '.join(table.notes) or 'it has no rows'}")
    return table


def _target(name: str, table: TableRecord) -> ColumnRecord:
    column = next((one for one in table.columns if one.name == name), None)
    if column is None:
        raise UserError(f"The table has no column '{name}'", nearest(name, [one.name for one in table.columns]))
    if column.missing:
        rows = "1 row has" if column.missing == 1 else f"{column.missing:,} rows have"
        raise UserError(f"{rows} no '{name}', which cannot be learned from", "Remove these rows")
    if column.type in ("object", "empty") or _has_dates(column):
        raise UserError(f"'{name}' has neither classes nor numbers", "Choose another target")
    if column.distinct == 1 or (column.type in ("integer", "number") and column.min == column.max):
        raise UserError(f"'{name}' has the same value in all rows", "Choose another target")
    if column.type == "text" and (column.distinct is None or column.distinct > (table.rows or 0) * _MANY):
        raise UserError(f"'{name}' has another text in most rows, which cannot be predicted", "Choose another target")
    return column


def _has_dates(column: ColumnRecord) -> bool:
    """Return whether a column has dates, also as texts of a file that could have had dates."""
    values = [column.min, column.max, *(one.value for one in column.frequent)]
    are_dates = all(isinstance(value, str) and _DATE.match(value) for value in values)
    return column.type in ("date", "time") or (column.type == "text" and are_dates)


def _is_class(column: ColumnRecord) -> bool:
    if column.type in ("text", "boolean"):
        return True
    most = _MOST_CLASSES if column.type == "integer" else 2
    return column.distinct is not None and column.distinct <= most


def _folds(column: ColumnRecord, rows: int) -> int:
    """Return how many folds the smallest class allows, after the holdout is taken."""
    if column.distinct is None or column.distinct > len(column.frequent):
        return _FOLDS
    smallest = min(column.frequent, key=lambda one: one.count)
    if smallest.count < _FEWEST:
        raise UserError(
            f"Class '{smallest.value}' of '{column.name}' has {smallest.count} of {rows:,} rows; {_FEWEST} are needed",
            "Remove these rows, or give them another class",
        )
    return min(_FOLDS, max(2, int(smallest.count * (1 - _HOLDOUT))))


def _useless(column: ColumnRecord, rows: int) -> str:
    """Return why a column is not learned from, or an empty text."""
    if column.type == "empty" or column.missing == rows:
        return "it is empty"
    if column.type == "object":
        return "it has lists or nested values"
    if column.distinct == 1 and not column.missing:
        return "it has the same value in all rows"
    if column.type == "integer" and column.distinct == rows >= _MOST_CLASSES and _is_count(column, rows):
        return "it numbers the rows"
    if (
        column.type == "text"
        and not _has_dates(column)
        and (column.distinct is None or column.distinct > max(_MOST_CLASSES, rows * _MANY))
    ):
        return "it has another text in most rows"
    return ""


def _is_count(column: ColumnRecord, rows: int) -> bool:
    return isinstance(column.min, int) and isinstance(column.max, int) and column.max - column.min < 10 * rows


def _text(value: str) -> str:
    """Return a text as YAML, which reads the double quotes of JSON."""
    return json.dumps(value, ensure_ascii=False)


def _name(value: str) -> str:
    """Return a column's name as YAML, in which OmegaConf finds no interpolation."""
    return _text(value.replace("${", "\\${"))


def _comment(value: str) -> str:
    return " ".join(value.split())
