"""Checks the numbers in a compute's settings."""

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
    check_slots(config.slots)
    if config.max_attempts < 1:
        raise UserError(f"compute.max_attempts={config.max_attempts}: give at least 1")
    for name in ("idle_seconds_before_scaledown", "lost_after_seconds", "wait_for_workers_seconds"):
        if getattr(config, name, 1) <= 0:
            raise UserError(f"compute.{name} is not a time in seconds above 0")


def check_slots(slots: int | None) -> None:
    """See whether a number of slots can be.

    Raises
    ------
    UserError
        If it cannot.
    """
    if slots is not None and slots < 1:
        raise UserError(f"compute.slots={slots}: give at least 1")
