"""The numbers in a cluster's settings, checked."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError


def check_limits(config: Any) -> None:
    """See whether the numbers can be.

    Raises
    ------
    UserError
        If one cannot, or two do not fit each other.
    """
    if config.min_nodes < 0 or (config.max_nodes is not None and config.max_nodes < max(1, config.min_nodes)):
        raise UserError(f"compute.min_nodes={config.min_nodes} and max_nodes={config.max_nodes} do not fit each other")
    if config.slots is not None and config.slots < 1:
        raise UserError(f"compute.slots={config.slots}: give at least 1")
    if config.max_attempts < 1:
        raise UserError(f"compute.max_attempts={config.max_attempts}: give at least 1")
    for name in ("idle_seconds_before_scaledown", "lost_after_seconds", "wait_for_workers_seconds"):
        if getattr(config, name, 1) <= 0:
            raise UserError(f"compute.{name} is not a time in seconds above 0")
