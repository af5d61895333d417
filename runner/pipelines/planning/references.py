"""Finds the references to inputs, outputs and other steps in a step's settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

INPUT = re.compile(r"\$\{input:([^{}]*)\}")
STEP = re.compile(r"\$\{step:([^{}]*)\}")
OUTPUT = re.compile(r"\$\{output:([^{}]*)\}")
ALL_OUTPUTS = "outputs"  # ${step:train.outputs} is the whole outputs folder of a step


class Reference(NamedTuple):
    """``${step:prepare.clean}``: an output of a step. If the step is a pipeline, `below` leads to a step in it."""

    step: str
    below: tuple[str, ...]
    output: str

    @property
    def text(self) -> str:
        """The reference as written, without ``${step:`` and ``}``."""
        return ".".join((self.step, *self.below, self.output))


def read_reference(text: str) -> Reference | None:
    """Return the parts of ``STEP.OUTPUT``, or None if there are fewer than two or one is empty."""
    parts = text.strip().split(".")
    return Reference(parts[0], tuple(parts[1:-1]), parts[-1]) if len(parts) > 1 and all(parts) else None


def found_in(value: Any, pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield the matches of a pattern in the strings of a nested value, in order."""
    if isinstance(value, str):
        yield from pattern.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from found_in(item, pattern)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from found_in(item, pattern)


def replaced(value: Any, pattern: re.Pattern[str], new: Callable[[str], str]) -> Any:
    """Return a nested value in whose strings each match is replaced by `new` of the pattern's first group."""
    if isinstance(value, str):
        return pattern.sub(lambda match: new(match[1]), value)
    if isinstance(value, Mapping):
        return {key: replaced(item, pattern, new) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [replaced(item, pattern, new) for item in value]
    return value
