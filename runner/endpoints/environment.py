"""Chooses the environment that serves a model: the current one if it fits, else one built from the model's lock."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence

from runner.endpoints.providers import providers
from runner.environments.requirements.lock import pins, requirements_of
from runner.environments.requirements.packages import installed_packages
from runner.errors import UserError
from runner.records import ModelRecord

SERVER_PACKAGES = ("flask>=3.0", "uvicorn>=0.35", "httptools>=0.6", "orjson>=3.10", "prometheus-client>=0.20")
# Packages that compute the answers instead of the model, by the setting `accelerate`.
_ACCELERATOR_PACKAGES = {"onnx": ("skl2onnx>=1.20", "onnx>=1.17", "onnxruntime>=1.20")}
_OLDEST = (3, 11)
# Packages that affect a model's numbers, or whether it loads.
_DECIDING = ("scikit-learn", "numpy", "scipy", "joblib", "pandas", "skops", "xgboost", "lightgbm")
_CONDA_PIN = re.compile(r"^# ([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)$", flags=re.MULTILINE)
_OURS = ("vivero",)


def pins_of(record: ModelRecord) -> dict[str, str]:
    """Return the packages of the model's environment, with their versions."""
    return {**_of_conda(record), **pins(record.lock or "")}


def _of_conda(record: ModelRecord) -> dict[str, str]:
    """Return the conda packages in `_DECIDING`. Others may not be for Python, or have another name on the index."""
    return {name: version for name, version in _CONDA_PIN.findall(record.lock or "") if name in _DECIDING}


def mismatches(record: ModelRecord, accelerate: str | None = None) -> list[str]:
    """Return the differences between the current Python and the model's. Empty if it fits."""
    wrong = []
    python = (record.python_version or platform.python_version()).split(".")[:2]
    if python != platform.python_version().split(".")[:2]:
        wrong.append(f"Python {record.python_version} is now {platform.python_version()}")
    pinned, here = pins_of(record), installed_packages()
    for name in _DECIDING:
        if name in pinned and pinned[name] != here.get(name):
            wrong.append(f"{name} {pinned[name]} is now {here.get(name, 'absent')}")
    for provider in providers(record.inspection.modules if record.inspection else (), here):
        others = [name for name in provider.distributions if name in pinned and name not in _DECIDING]
        wrong += [f"{name} {pinned[name]} is now {here[name]}" for name in others if pinned[name] != here[name]]
        if not provider.there:
            wrong.append(f"{provider.module} is absent")
    return wrong + [
        f"{_name(accelerator)} is absent" for accelerator in _accelerators(accelerate) if _name(accelerator) not in here
    ]


def _accelerators(accelerate: str | None) -> tuple[str, ...]:
    return _ACCELERATOR_PACKAGES[accelerate] if accelerate is not None else ()


def _name(requirement: str) -> str:
    return re.split(r"[<>=]", requirement)[0]


def requirements(records: Sequence[ModelRecord], accelerate: str | None = None) -> tuple[list[str], str]:
    """Return the packages and the Python to serve some models: those of the first, and what the others need.

    Raises
    ------
    UserError
        If the Python is too old for the server.
    """
    first = records[0]
    python = ".".join((first.python_version or platform.python_version()).split(".")[:2])
    if tuple(map(int, python.split("."))) < _OLDEST:
        raise UserError(
            f"Model {first.name}:{first.version} needs Python {python}, but the server needs 3.11 or later",
            "Train it with a newer Python, or download it and use it there: vivero models download",
        )
    wanted: dict[str, str] = {}
    for record in reversed(records):
        wanted |= {name: f"{name}=={version}" for name, version in _of_conda(record).items()}
        wanted |= {name: line for name, line in requirements_of(record.lock or "").items() if name not in _OURS}
    names = list(dict.fromkeys(name for record in records for name in pins_of(record) if name in wanted))
    ours = [package for package in (*SERVER_PACKAGES, *_accelerators(accelerate)) if _name(package) not in wanted]
    return [*(wanted[name] for name in names), *ours], python
