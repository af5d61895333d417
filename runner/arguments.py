"""From a job's settings to the words of its command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.errors import UserError
from runner.schema import RunSpec

INPUT = re.compile(r"\$\{input:([^}]*)\}")


def fill_inputs(value: str, places: Mapping[str, str]) -> str:
    """Put the places of inputs where ``${input:NAME}`` stands."""
    return INPUT.sub(lambda match: places[match[1]], value)


def script_argv(spec: RunSpec) -> list[str]:
    """Return the command of a job, ``python`` standing for the environment's own."""
    job = spec.job
    if job.command is not None:
        return list(job.command)
    return ["python", str(job.script), *argument_words(job.arguments)]


def argument_words(arguments: Any) -> list[str]:
    """Turn arguments into words of an argv.

    A list is taken as it is. In a mapping ``{kernel: linear}`` becomes ``--kernel linear``, true a bare flag,
    false and null nothing, a list the flag once for each value. A key that starts with ``-`` keeps its dashes.
    """
    if arguments is None:
        return []
    if isinstance(arguments, list):
        return [_word(item) for item in arguments]
    words: list[str] = []
    for key, value in arguments.items():
        flag = str(key) if str(key).startswith("-") else f"--{key}"
        for item in value if isinstance(value, list) else [value]:
            if item is True:
                words.append(flag)
            elif item is not False and item is not None:
                words += [flag, _word(item)]
    return words


def _word(value: Any) -> str:
    if isinstance(value, dict | list):
        raise UserError(f"job.arguments: {value} is not a single value")
    return "" if value is None else str(value)
