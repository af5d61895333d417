"""Promotion: moves an alias to a new version if it is better than the current one."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from runner.errors import UserError
from runner.execution.metrics import as_number
from runner.io.names import check_name
from runner.ports.say import Say
from runner.records import ModelRecord
from runner.store.registry import FileRegistry

_FORM = re.compile(r"\s*(?P<metric>.+?)\s*(?P<sign>>=|<=|>|<)\s*@?(?P<alias>[^\s@<>=]+)\s*")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """``accuracy > champion``: compares the version's metric with that of the version with the alias."""

    metric: str
    sign: str
    alias: str


def read_condition(text: str) -> Condition:
    """Parse a condition.

    Raises
    ------
    UserError
        If the text is not a condition, or its alias is not a valid name.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise UserError(
            f"model.promote_if={text!r} is not a condition", "For example: 'model.promote_if=\"Accuracy > champion\"'"
        )
    check_name(match["alias"], "alias (model.promote_if)")
    return Condition(match["metric"], match["sign"], match["alias"])


def promote(registry: FileRegistry, made: ModelRecord, condition: Condition, say: Say) -> str | None:
    """Move the alias to a version that wins, or if no version has it. Return the alias, or None if it did not move."""
    value = as_number(made.metrics.get(condition.metric))
    if value is None or math.isnan(value):
        say(f"{made.name}:{made.version} has no metric {condition.metric}: alias {condition.alias} is unchanged")
        return None
    holder = registry.aliases(made.name).get(condition.alias)
    if holder is not None:
        held = as_number(registry.resolve(f"{made.name}:{holder}").metrics.get(condition.metric))
        if held is None:
            say(f"{made.name}@{condition.alias} has no metric {condition.metric}: the alias is unchanged")
            return None
        if not _SIGNS[condition.sign](value, held):
            say(f"{condition.metric} {value:g} is not {condition.sign} {held:g}: alias {condition.alias} is unchanged")
            return None
    registry.set_alias(made.name, condition.alias, made.version)
    say(f"Alias {condition.alias} is now {made.name}:{made.version}")
    return condition.alias
