"""Limits what is typed: length and depth of a word, number of words, and the combinations that a sweep's words make.

Hydra's grammar takes a millisecond for a dozen characters of a list, and writes out each number of a range.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from runner.config.limits.yaml_files import MOST_DEPTH, TARGET
from runner.errors import UserError

MOST_WORDS = 1000
MOST_CHARACTERS = 20_000  # of a word, if it is one text
MOST_PARTS = 1000  # of all words together: what stands between commas, colons, dots and brackets
MOST_VALUES = 10_000  # of one parameter of a sweep
MOST_TRIALS = 100_000  # of a grid that has no sweep.max_trials
_MARKS = ",:[({$."
_TARGET = re.compile(rf"(?<!\w){TARGET}(?!\w)")  # alone: columns may be called train_target_mean


def check_words(words: Sequence[str]) -> None:
    """Check the words of a command line.

    Raises
    ------
    UserError
        Naming the first one that is beyond a limit.
    """
    if len(words) > MOST_WORDS:
        raise UserError(f"{len(words)} words are too many for a command line", f"At most {MOST_WORDS}: use a YAML file")
    parts = 0
    for word in words:
        if len(word) > MOST_CHARACTERS:
            raise UserError(f"{_short(word)} has {len(word)} characters", f"At most {MOST_CHARACTERS}: use a YAML file")
        if len(word) > MOST_DEPTH:
            parts += sum(map(word.count, _MARKS))
            if parts > MOST_PARTS:
                raise UserError(f"{_short(word)} has more than {MOST_PARTS} parts", "Write it into a YAML file")
            if _depth(word) > MOST_DEPTH:
                raise UserError(f"{_short(word)} is nested more than {MOST_DEPTH} levels deep")
        if TARGET in word and _TARGET.search(word):
            raise UserError(f"{_short(word)}: {TARGET} is not taken, since a composition names no classes")


def check_sweep_words(words: Sequence[str]) -> None:
    """Check the parameters that a sweeper of Hydra's own would write out.

    Raises
    ------
    UserError
        If they have too many values, or make too many combinations.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(list(words))
    except HydraException:
        return  # Hydra says it better
    check_combinations([check_values(one) for one in parsed if one.is_sweep_override()])


def check_values(override: Any) -> int:
    """Return the number of values of a sweep's parameter, 1 where only the configuration tells.

    Raises
    ------
    UserError
        If there are too many.
    """
    from hydra.core.override_parser.types import ChoiceSweep, RangeSweep

    value = override.value()
    number = 1
    if isinstance(value, RangeSweep) and value.start is not None and value.stop is not None:
        if not value.step or not all(map(math.isfinite, (value.start, value.stop, value.step))):
            raise UserError(f"{override.get_key_element()}: {override.input_line} has no end")
        number = max(0, math.ceil((value.stop - value.start) / value.step))
    elif isinstance(value, ChoiceSweep):
        number = len(value.list)
    if number > MOST_VALUES:
        raise UserError(
            f"{override.get_key_element()} has {number} values, more than {MOST_VALUES}",
            "Take larger steps, or interval(FROM, TO) with sweep.sweeper=random",
        )
    return number


def check_combinations(sizes: Sequence[int], limit: int | None = None) -> None:
    """Check the number of trials of a grid.

    Raises
    ------
    UserError
        If it has too many, and no limit of its own.
    """
    total = math.prod(sizes)
    if total > MOST_TRIALS and limit is None:
        raise UserError(
            f"The sweep has {total} combinations, more than {MOST_TRIALS}",
            "Set sweep.max_trials to try the first ones, or take sweep.sweeper=random with it",
        )


def _depth(word: str) -> int:
    depth = deepest = 0
    for mark in word:
        if mark in "[({":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "])}":
            depth -= 1
    return deepest


def _short(word: str) -> str:
    return repr(word if len(word) <= 60 else f"{word[:60]}...")
