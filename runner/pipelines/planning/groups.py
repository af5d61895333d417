"""Replaces the name of an option, such as ``environment: sklearn-1.9``, with the option's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.errors import UserError

_GROUPS = ("environment", "compute")


def with_options(steps: Mapping[str, Any], options: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """Return the settings of all steps with the options that they name.

    Parameters
    ----------
    options : dict
        Options that were composed already, by group and name. Others are added.

    Raises
    ------
    UserError
        If there is no such option.
    """
    return {name: _step(name, step, options) if isinstance(step, Mapping) else step for name, step in steps.items()}


def _step(name: str, step: Mapping[str, Any], options: dict[tuple[str, str], Any]) -> dict[str, Any]:
    try:
        return _with_options(step, options)
    except UserError as mistake:
        raise UserError(f"pipeline.steps.{name}: {mistake.message}", mistake.hint) from None


def _with_options(step: Mapping[str, Any], options: dict[tuple[str, str], Any]) -> dict[str, Any]:
    changed = dict(step)
    for group in _GROUPS:
        name = step.get(group)
        if isinstance(name, str):
            if (group, name) not in options:
                options[group, name] = _option(group, name)
            changed[group] = options[group, name]
    below = step.get("pipeline")
    if isinstance(below, Mapping) and isinstance(below.get("steps"), Mapping):
        changed["pipeline"] = {**below, "steps": with_options(below["steps"], options)}
    return changed


def _option(group: str, name: str) -> Any:
    """Return the settings of an option as Hydra composes them, with the folders of the command line."""
    from hydra import compose
    from hydra.core.global_hydra import GlobalHydra

    from runner.config.composition import as_plain
    from runner.config.messages.explained import explained

    if not GlobalHydra.instance().is_initialized():
        raise UserError(f"{group}={name} names an option of conf, which a recorded pipeline cannot look up")
    with explained():
        return as_plain(compose("config", [f"{group}={name}"]))[group]
