"""Restores the secrets of a recorded run that is repeated. Finishing a run does not need them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from runner.access.secrets import FREE, MASK, below_steps, without_references
from runner.errors import UserError

Config = Mapping[str, Any]


def mask_secrets(config: Config) -> dict[str, Any]:
    """Return a recorded composition with its secrets masked, for a run that will not execute anything."""
    masked: dict[str, Any] = _mapped(config, lambda _path, text: without_references(text, lambda _name: MASK))
    return masked


def restore_secrets(config: Config, run_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded composition with the current values of its secrets.

    Parameters
    ----------
    config : mapping
        The recorded composition.
    run_id : str
        For the message.
    given : mapping
        Values from the command line, by key.

    Raises
    ------
    UserError
        If a masked secret was not given, or the environment variable that a secret comes from is not set.
    """
    config = _with_given(config, given)

    def value_of(path: str, text: str) -> str:
        if (
            MASK in text
            and path not in given
            and below_steps(path.split("."))[:2] in [["job", field] for field in FREE]
        ):
            raise UserError(
                f"{path} is secret, so run {run_id} did not record it", f"Give it: vivero rerun {run_id} {path}=..."
            )
        return without_references(text, lambda name: _variable(name, path))

    restored: dict[str, Any] = _mapped(config, value_of)
    return restored


def _variable(name: str, path: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise UserError(
            f"{path} comes from the environment variable {name}, which is not set", f"Set it: export {name}=..."
        )
    return value


def read_given(words: Sequence[str]) -> dict[str, str]:
    """Return values by key from words such as ``job.environment_variables.TOKEN=abc``.

    Raises
    ------
    UserError
        If a word has another form, because everything but secrets is repeated as recorded.
    """
    values = {}
    for word in words:
        key, equals, value = word.partition("=")
        parts = below_steps(key.split("."))
        if not equals or len(parts) != 3 or parts[0] != "job" or parts[1] not in FREE:
            raise UserError(
                f"{word!r} cannot be given to a rerun",
                "A rerun only takes secrets: job.environment_variables.NAME=VALUE",
            )
        values[key] = value
    return values


def _with_given(config: Config, given: Mapping[str, Any]) -> dict[str, Any]:
    changed = dict(config)
    for key, value in given.items():
        changed = _with_value(changed, key.split("."), value, key)
    return changed


def _with_value(before: Any, path: Sequence[str], value: Any, key: str) -> Any:
    """Return plain data in which the value at an existing path is replaced."""
    name, *rest = path
    if isinstance(before, list) and name.isdigit() and int(name) < len(before):
        at = int(name)
        return [*before[:at], _with_value(before[at], rest, value, key) if rest else value, *before[at + 1 :]]
    if isinstance(before, Mapping) and name in before:
        return {**before, name: _with_value(before[name], rest, value, key) if rest else value}
    raise UserError(f"The run has no {key}", "A rerun only takes values that the record masks")


def _mapped(value: Any, change: Callable[[str, str], str], path: str = "") -> Any:
    """Return plain data with a function of the dotted key and the text applied to each text."""
    if isinstance(value, Mapping | list):
        pairs: Iterator[tuple[Any, Any]] = iter(value.items() if isinstance(value, Mapping) else enumerate(value))
        result = {key: _mapped(item, change, f"{path}.{key}" if path else str(key)) for key, item in pairs}
        return result if isinstance(value, Mapping) else list(result.values())
    return change(path, value) if isinstance(value, str) else value
