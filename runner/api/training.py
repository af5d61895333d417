"""Trains an estimator that Python code names or has made."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.training_settings import TrainConfig
from runner.errors import UserError, nearest
from runner.io.names import name_from
from runner.sweeps.composing.override_text import to_word
from runner.training.objects import TARGET, tree_of

if TYPE_CHECKING:
    from runner.api.workspace import Workspace

_SETTINGS = sorted({field.name for field in dataclasses.fields(TrainConfig)} - {"data", "target"})


def words_of(
    workspace: Workspace,
    estimator: Any,
    data: Any,
    target: str | None,
    *,
    preprocessing: Any = None,
    model: str | None = None,
    settings: Mapping[str, Any],
) -> list[str]:
    """Return the words after ``python -m runner`` that train an estimator. See `Workspace.train`."""
    for name in settings:
        if name not in _SETTINGS:
            raise UserError(f"train has no setting '{name}'", nearest(name, _SETTINGS))
    words = [*_described("estimator", estimator), *_described("preprocessing", preprocessing)]
    named = data if isinstance(data, str | Path) else _added(workspace, data, model)
    words.append(f"train.data={to_word(_place(named))}")
    words += [f"train.target={to_word(target)}"] if target is not None else []
    words += [f"model.name={to_word(model)}"] if model is not None else []
    for name, value in settings.items():
        tree = tree_of(value, f"train.{name}")
        words.append(f"train.{name}={to_word(tree)}")
    return words


def _place(data: str | Path) -> str:
    """Return how a composition names data. A path of pathlib is a file's even without a slash."""
    return str(data.expanduser().absolute()) if isinstance(data, Path) else data


def _described(group: str, given: Any) -> list[str]:
    """Return the words for an option of a group, or for an object."""
    if given is None:
        return []
    if isinstance(given, str):
        return [f"{group}={to_word(given)}"]
    tree = tree_of(given, group)  # added to the option that has nothing
    if not isinstance(tree, dict) or TARGET not in tree:
        raise UserError(f"{group}: {str(given)[:60]} is not an estimator", "Name an option, such as 'svc', or make one")
    return [f"{group}=none", *(f"{group}.{name}={to_word(value)}" for name, value in tree.items())]


def _added(workspace: Workspace, table: Any, model: str | None) -> str:
    """Return the version of a data asset that a data frame becomes. The same rows become the same version."""
    if not hasattr(table, "to_csv") or not hasattr(table, "columns"):
        raise UserError(
            f"data: {type(table).__name__} is not data that can be trained on",
            "Give a data asset, a file, sklearn:NAME or a data frame",
        )
    name = name_from(model or "training", "training")
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = Path(folder, f"{name}.parquet")
            table.to_parquet(path)
        except ImportError:  # without pyarrow
            path = Path(folder, f"{name}.csv")
            table.to_csv(path, index=False)
        return workspace.data.add(name, path).reference
