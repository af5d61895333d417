"""Limits the command line: length and depth of a word, number of words, combinations of a sweep.

Hydra's parser takes a millisecond for a dozen characters of a list, and expands each number of a range.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from runner.config.limits.yaml_files import MOST_DEPTH, TARGET, TARGETED
from runner.errors import UserError

MOST_WORDS = 1000
MOST_CHARACTERS = 20_000  # of a word that is a single text
MOST_PARTS = 1000  # of all words together: items between commas, colons, dots and brackets
MOST_VALUES = 10_000  # of one parameter of a sweep
MOST_TRIALS = 100_000  # of a grid without sweep.max_trials
_MARKS = ",:[({$."
_TARGETED = tuple(f"{section}{mark}" for section in TARGETED for mark in ".=@")
_TARGET = re.compile(rf"(?<!\w){TARGET}(?!\w)")  # as a whole word: a column may be called train_target_mean


def check_words(words: Sequence[str]) -> None:
    """Check the words of a command line.

    Raises
    ------
    UserError
        Naming the first one that exceeds a limit.
    """
    if len(words) > MOST_WORDS:
        raise UserError(f"The command line has {len(words)} words", f"The limit is {MOST_WORDS}. Use a YAML file")
    parts = 0
    for word in words:
        if len(word) > MOST_CHARACTERS:
            raise UserError(
                f"{_short(word)} has {len(word)} characters", f"The limit is {MOST_CHARACTERS}. Use a YAML file"
            )
        if len(word) > MOST_DEPTH:
            parts += sum(map(word.count, _MARKS))
            if parts > MOST_PARTS:
                raise UserError(f"{_short(word)} has more than {MOST_PARTS} parts", "Write it in a YAML file")
            if _depth(word) > MOST_DEPTH:
                raise UserError(f"{_short(word)} is nested more than {MOST_DEPTH} levels deep")
        if TARGET in word and not word.lstrip("+").startswith(_TARGETED) and _TARGET.search(word):
            raise UserError(f"{_short(word)}: {TARGET} is not allowed: a configuration cannot name classes")


def check_sweep_words(words: Sequence[str]) -> None:
    """Check the parameters that Hydra's own sweepers would expand.

    Raises
    ------
    UserError
        If they have too many values or combinations.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_overrides(list(words))
    except HydraException:
        return  # Hydra's message is better
    check_combinations([check_values(override) for override in parsed if override.is_sweep_override()])


def check_values(override: Any) -> int:
    """Return the number of values of a sweep's parameter, 1 if only the configuration can tell.

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
            raise UserError(f"{override.get_key_element()}: {override.input_line} never ends")
        number = max(0, math.ceil((value.stop - value.start) / value.step))
    elif isinstance(value, ChoiceSweep):
        number = len(value.list)
    if number > MOST_VALUES:
        raise UserError(
            f"{override.get_key_element()} has {number} values, more than {MOST_VALUES}",
            "Use larger steps, or interval(FROM, TO) with sweep.sweeper=random",
        )
    return number


def check_combinations(sizes: Sequence[int], limit: int | None = None) -> None:
    """Check the number of trials of a grid.

    Raises
    ------
    UserError
        If it has too many and sweep.max_trials is not set.
    """
    total = math.prod(sizes)
    if total > MOST_TRIALS and limit is None:
        raise UserError(
            f"The sweep has {total} combinations, more than {MOST_TRIALS}",
            "Set sweep.max_trials=N to try the first N, or also sweep.sweeper=random to try random ones",
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
