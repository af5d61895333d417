"""Checks the numbers in a compute's settings."""

from __future__ import annotations

from typing import Any

from runner.errors import UserError


def check_limits(config: Any) -> None:
    """Check the numbers in a cluster's settings.

    Raises
    ------
    UserError
        If a number is out of range, or two contradict each other.
    """
    if config.min_nodes < 0 or (config.max_nodes is not None and config.max_nodes < max(1, config.min_nodes)):
        raise UserError(
            f"compute.min_nodes={config.min_nodes} does not fit compute.max_nodes={config.max_nodes}",
            "min_nodes must be 0 or more, and max_nodes must be 1 or more and at least min_nodes",
        )
    check_slots(config.slots)
    if config.max_attempts < 1:
        raise UserError(f"compute.max_attempts={config.max_attempts} must be at least 1")
    for name in ("idle_seconds_before_scaledown", "lost_after_seconds", "wait_for_workers_seconds"):
        if getattr(config, name, 1) <= 0:
            raise UserError(f"compute.{name}={getattr(config, name):g} must be above 0", "It is a number of seconds")


def check_slots(slots: int | None) -> None:
    """Check a number of slots.

    Raises
    ------
    UserError
        If it is below 1.
    """
    if slots is not None and slots < 1:
        raise UserError(
            f"compute.slots={slots} must be at least 1", "To use one slot for each core: compute.slots=null"
        )
