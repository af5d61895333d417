"""Turns a composition that declares an estimator into one of an ordinary run, whose script is the training program."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from runner.config.composition import PROGRAM, SCRIPT, Composition
from runner.config.data_settings import InputConfig, is_path
from runner.config.schema import RunSpec, is_pipeline
from runner.errors import UserError, close
from runner.io.names import name_from
from runner.training.declaration import BUNDLED, VARIABLE, declaration_text

TRAIN, HOLDOUT = "train", "holdout"  # names of data inputs
_WITHOUT_TARGET = (  # how the names of scikit-learn's estimators begin that find clusters, outliers or components
    "sklearn.cluster.",
    "sklearn.covariance.",
    "sklearn.decomposition.",
    "sklearn.ensemble.IsolationForest",
    "sklearn.linear_model.SGDOneClassSVM",
    "sklearn.mixture.",
    "sklearn.neighbors.LocalOutlierFactor",
    "sklearn.svm.OneClassSVM",
)
_SETTINGS = {TRAIN: "train.data", HOLDOUT: "train.holdout.data"}


def with_training(composed: Composition, base: Path) -> Composition:
    """Return the composition of the run that trains what another one declares.

    Parameters
    ----------
    base : Path
        The folder that relative paths refer to.

    Raises
    ------
    UserError
        If the declaration is invalid, names a script as well, or a file that does not exist.
    """
    spec = composed.spec
    _check(spec)
    text = declaration_text(composed.plain, spec.train)
    inputs = _inputs(spec, base)
    job = copy.copy(spec.job)
    job.environment_variables = {**job.environment_variables, VARIABLE: text}
    data = copy.copy(spec.data)
    data.inputs = {**data.inputs, **inputs}
    plain_job, plain_data = dict(composed.plain["job"]), dict(composed.plain["data"])
    plain_job["environment_variables"] = {**plain_job["environment_variables"], VARIABLE: text}
    plain_data["inputs"] = {**plain_data["inputs"], **{name: dataclasses.asdict(one) for name, one in inputs.items()}}
    return dataclasses.replace(
        composed,
        spec=dataclasses.replace(spec, job=job, data=data),
        plain={**composed.plain, "job": plain_job, "data": plain_data},
    )


def setting_of(spec: RunSpec, name: str) -> str:
    """Return the setting that names an input: for those of a declared training one of its section ``train``."""
    return _SETTINGS[name] if spec.estimator and name in _SETTINGS else f"data.inputs.{name}"


def experiment_of(spec: RunSpec) -> str:
    """Return the name of an experiment for a training: that of its data."""
    named = str(spec.train.data).removeprefix(BUNDLED)
    named = PurePosixPath(named).stem if is_path(named) else named.partition(":")[0].partition("@")[0]
    return name_from(named, "training")


def check_undeclared(spec: RunSpec) -> None:
    """Refuse settings of a training without an estimator, which would have no effect.

    Raises
    ------
    UserError
        Naming the setting.
    """
    for name in ("data", "target"):
        if getattr(spec.train, name) is not None:
            raise UserError(f"train.{name} has no effect without an estimator", "For example: estimator=random_forest")
    if spec.preprocessing:
        raise UserError("preprocessing has no effect without an estimator", "For example: estimator=random_forest")


def _check(spec: RunSpec) -> None:
    if is_pipeline(spec):
        raise UserError("estimator and pipeline.steps cannot be combined", "Remove one of them, such as estimator=none")
    if (spec.job.source, spec.job.script) != (PROGRAM, SCRIPT) or spec.job.command or spec.job.arguments:
        raise UserError(
            "estimator cannot be combined with job.source, job.script, job.command or job.arguments",
            "Remove these, or set estimator=none",
        )
    if not isinstance(spec.estimator, Mapping) or "_target_" not in spec.estimator:
        raise UserError("estimator names no class", "Choose an option such as estimator=svc, or set estimator._target_")
    if spec.train.data is None:
        raise UserError("train.data is not set", "Name a data asset, a file such as ./churn.csv, or sklearn:iris")
    if spec.train.target is None and not spec.train.data.startswith(BUNDLED) and learns_target(spec.estimator):
        raise UserError("train.target is not set", "Name the column to predict: train.target=COLUMN")


def is_in_order(train: Mapping[str, Any]) -> bool:
    """Return whether the folds of a training follow the order of the rows, so that no split may shuffle them."""
    settings = train["cross_validation"]
    return settings is not None and str(settings.get("_target_", "")).endswith(".TimeSeriesSplit")


def learns_target(estimator: Mapping[str, Any]) -> bool:
    """Return whether an estimator predicts a column, as far as its name tells. The program asks the estimator."""
    return not str(estimator["_target_"]).startswith(_WITHOUT_TARGET)


def _inputs(spec: RunSpec, base: Path) -> dict[str, InputConfig]:
    """Return the data inputs of a training, by name."""
    holdout = spec.train.holdout
    named = {TRAIN: spec.train.data, HOLDOUT: holdout.get("data") if isinstance(holdout, Mapping) else None}
    made: dict[str, InputConfig] = {}
    for name, source in named.items():
        if source is None or str(source).startswith(BUNDLED):
            continue
        if name in spec.data.inputs:
            raise UserError(f"data.inputs.{name} is the input that train.data names", f"Rename data.inputs.{name}")
        made[name] = _input(_SETTINGS[name], str(source), base)
    return made


def _input(setting: str, source: str, base: Path) -> InputConfig:
    if not is_path(source):
        return InputConfig(asset=source)
    path = (base / source).expanduser()
    if not path.exists():
        beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
        meant = close(path.name, beside)
        raise UserError(f"{setting}: {source} does not exist", f"Did you mean '{meant}'?" if meant else "")
    return InputConfig(path=source)


def parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a recorded composition declares as parameters to compare runs by.

    Returns
    -------
    dict
        ``estimator`` and ``preprocessing`` are class names. Each parameter of the estimator has its own name, one of a
        nested estimator scikit-learn's, such as ``lr__C``.
    """
    estimator = config.get("estimator")
    if not isinstance(estimator, Mapping) or not estimator:
        return {}
    preprocessing = config.get("preprocessing")
    found: dict[str, Any] = {"estimator": _class_name(estimator)}
    if isinstance(preprocessing, Mapping) and preprocessing:
        found["preprocessing"] = _class_name(preprocessing)
    return {**found, **_flat(estimator, "")}


def _class_name(tree: Mapping[str, Any]) -> str:
    return str(tree.get("_target_")).rpartition(".")[2]


def _flat(value: Any, name: str) -> dict[str, Any]:
    """Return the single values in a tree, by their path."""
    if isinstance(value, Mapping):
        pairs = [(str(key), item) for key, item in value.items() if key != "_target_"]
        return {key: one for part, item in pairs for key, one in _flat(item, _below(name, part)).items()}
    if isinstance(value, list):
        named = [item for item in value if isinstance(item, list) and len(item) > 1 and isinstance(item[0], str)]
        if not named:
            return {name: value}
        above = name.rpartition("__")[0]
        return {key: one for item in named for key, one in _flat(item[1], _below(above, item[0])).items()}
    return {name: value}


def _below(name: str, part: str) -> str:
    return f"{name}__{part}" if name else part
