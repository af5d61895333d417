"""The public Python API: a workspace, and the runs, sweeps, models, endpoints and environments in it.

Commands and pages are built on it. Names that this package exports are stable: they change only with a line in the
changelog. Everything below is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.api.data.assets import DataAsset, DataAssets
    from runner.api.data.version import DataVersion
    from runner.api.endpoints.endpoint import Endpoint
    from runner.api.endpoints.listing import Endpoints
    from runner.api.environments.listing import Environment
    from runner.api.models import Model, ModelVersion
    from runner.api.runs.listing import RunList
    from runner.api.runs.run import Run
    from runner.api.sweeps.sweep import Sweep
    from runner.api.workspace import Workspace
    from runner.errors import UserError

__all__ = [
    "DataAsset", "DataAssets", "DataVersion", "Endpoint", "Endpoints", "Environment", "Model", "ModelVersion", "Run",
    "RunList", "Sweep", "UserError", "Workspace",
]  # fmt: skip

_HOMES = {
    "DataAsset": "runner.api.data.assets",
    "DataAssets": "runner.api.data.assets",
    "DataVersion": "runner.api.data.version",
    "Endpoint": "runner.api.endpoints.endpoint",
    "Endpoints": "runner.api.endpoints.listing",
    "Environment": "runner.api.environments.listing",
    "Model": "runner.api.models",
    "ModelVersion": "runner.api.models",
    "Run": "runner.api.runs.run",
    "RunList": "runner.api.runs.listing",
    "Sweep": "runner.api.sweeps.sweep",
    "UserError": "runner.errors",
    "Workspace": "runner.api.workspace",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
