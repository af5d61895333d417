"""The differences between two versions of a model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.api import ModelVersion
from runner.errors import UserError

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*==\s*([^\s;\\]+)", re.MULTILINE)
_INSPECTED = ("model_class", "framework_version", "features", "feature_names", "classes", "methods", "steps")


@dataclass(frozen=True)
class Part:
    """The values of one kind that differ, by name. A version without the value has None. `same` counts equal values."""

    title: str
    rows: dict[str, tuple[Any, Any]]
    same: int


def differences(before: ModelVersion, after: ModelVersion) -> list[Part]:
    """Return the differences by kind."""
    kinds = {"Metrics": _metrics, "Parameters": _parameters, "Model": _inspected, "Packages": _packages}
    return [_part(title, read(before), read(after)) for title, read in kinds.items()]


def _part(title: str, left: Mapping[str, Any], right: Mapping[str, Any]) -> Part:
    names = list(dict.fromkeys([*left, *right]))
    rows = {
        name: (left.get(name), right.get(name)) for name in names if _text(left.get(name)) != _text(right.get(name))
    }
    return Part(title, rows, len(names) - len(rows))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _metrics(version: ModelVersion) -> Mapping[str, Any]:
    return version.metrics


def _parameters(version: ModelVersion) -> Mapping[str, Any]:
    run = version.run
    try:
        return run.params if run is not None else {}
    except UserError:  # its record is damaged
        return {}


def _inspected(version: ModelVersion) -> Mapping[str, Any]:
    record, inspection = version.record, version.inspection
    shown: dict[str, Any] = {"bytes": record.bytes, "python_version": record.python_version, "sha256": record.sha256}
    for name in _INSPECTED if inspection is not None else ():
        value = getattr(inspection, name)
        shown[name] = [dict(step) for step in value] if name == "steps" else value
    return shown


def _packages(version: ModelVersion) -> Mapping[str, Any]:
    return {name.lower(): number for name, number in _PINNED.findall(version.record.lock or "")}
