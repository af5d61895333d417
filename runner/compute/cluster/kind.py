"""What all kinds of clusters share: settings, checks and the compute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.compute.limits import check_limits
from runner.errors import UserError
from runner.ports.compute import Compute, ComputeKind
from runner.ports.machines import Machines
from runner.ports.say import Say


@dataclass
class ClusterComputeConfig:
    """Settings of all clusters. Times in seconds, slots per node."""

    root: str = "~/.vivero-node"
    slots: int | None = None
    min_nodes: int = 0
    max_nodes: int | None = None
    idle_seconds_before_scaledown: float = 600
    lost_after_seconds: float = 120
    max_attempts: int = 3
    send_packages: bool = False
    scale_out: bool = False
    warm: bool | None = None


def cluster_kind(
    settings: type, machines: Callable[[Any, Path], Machines], check: Callable[[Any, Path], object]
) -> ComputeKind:
    """Return a kind of cluster.

    Parameters
    ----------
    settings : type
        A subclass of `ClusterComputeConfig`.
    machines : callable
        Returns the `Machines` for settings and the base folder of relative paths. It must not connect.
    check : callable
        Raises a `UserError` for invalid settings. It has the same parameters.
    """

    def check_all(spec: Any, base: Path) -> None:
        check_limits(spec.compute)
        check(spec.compute, base)
        if spec.compute.scale_out and spec.environment.kind == "docker":
            raise UserError(
                "compute.scale_out cannot be used with environment=docker",
                "Use environment=venv with the same packages",
            )

    def find(config: Any, base: Path) -> Machines:
        check_limits(config)
        return machines(config, base)

    def make(config: Any, base: Path, *, several: bool, say: Say) -> Compute:
        from runner.compute.cluster.compute import ClusterCompute

        return ClusterCompute(config, find(config, base), several=several, say=say)

    return ComputeKind(settings, make, check_all, find)
