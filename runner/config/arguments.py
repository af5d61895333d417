"""From a job's settings to the words of its command."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from runner.config.schema import RunSpec
from runner.errors import UserError

INPUT = re.compile(r"\$\{input:([^}]*)\}")


def fill_inputs(value: str, places: Mapping[str, str]) -> str:
    """Put the places of inputs where ``${input:NAME}`` stands."""
    return INPUT.sub(lambda match: places[match[1]], value)


def script_argv(spec: RunSpec) -> list[str]:
    """Return the command of a job, ``python`` standing for the environment's own."""
    return argv_of(spec.job.script, spec.job.command, spec.job.arguments)


def argv_of(script: str | None, command: Sequence[str] | None, arguments: Any) -> list[str]:
    """Return the command that a script and its arguments make, unless a job brings its own."""
    if command is not None:
        return list(command)
    return ["python", str(script), *argument_words(arguments)]


def argument_words(arguments: Any) -> list[str]:
    """Turn arguments into words of an argv.

    A list is taken as it is. In a mapping ``{kernel: linear}`` becomes ``--kernel linear``, true a bare flag,
    false and null nothing, a list the flag once for each value, and ``{layers: {values: [10, 20]}}`` one flag with all
    values behind it, as ``nargs="+"`` of argparse wants them. A key that starts with ``-`` keeps its dashes. A value
    that starts with one, which parsers would take for a flag, is joined to its own: ``--offset=-1e-05``.

    Raises
    ------
    UserError
        If a value is a mapping or a list of its own.
    """
    if arguments is None:
        return []
    if isinstance(arguments, list):
        return [_word(item) for item in arguments]
    words: list[str] = []
    for key, value in arguments.items():
        flag = str(key) if str(key).startswith("-") else f"--{key}"
        if isinstance(value, dict) and list(value) == ["values"] and isinstance(value["values"], list):
            words += [flag, *map(_word, value["values"])]
            continue
        for item in value if isinstance(value, list) else [value]:
            if item is True:
                words.append(flag)
            elif item is not False and item is not None:
                words += _flag_and_value(flag, _word(item))
    return words


def unread_values(arguments: Any, script: str) -> list[str]:
    """Return a line for each list whose flag is repeated though the script wants all values behind one.

    Parameters
    ----------
    arguments : mapping or list
        As in ``job.arguments``.
    script : str
        The script's text, in which ``nargs`` of argparse is looked for.
    """
    found, wanted = [], _taking_several(script)
    for key, value in arguments.items() if isinstance(arguments, dict) else ():
        if not isinstance(value, list) or len(value) < 2:
            continue
        if f"--{key}" in wanted:
            values = ", ".join(map(str, value))
            found.append(
                f"job.arguments.{key}: the script takes several values after one --{key}, but gets the flag "
                f"{len(value)} times. Write it {{values: [{values}]}}"
            )
    return found


def _taking_several(script: str) -> set[str]:
    """Return the flags that a script declares for argparse with several values behind one, of which the last counts."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):  # Python itself says it, or another version of it reads the script
        return set()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found: set[str] = set()
    for call in calls:
        options = {one.arg: one.value for one in call.keywords}
        several, action = options.get("nargs"), options.get("action")
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"):
            continue
        if _constant(several) in (None, "?") or _constant(action) in ("append", "extend"):
            continue
        found |= {str(_constant(one)) for one in call.args}
    return found


def _constant(node: ast.expr | None) -> Any:
    """Return a value that is written out, the node where it is computed, None where there is none."""
    return node.value if isinstance(node, ast.Constant) else node


def _flag_and_value(flag: str, value: str) -> list[str]:
    if not value.startswith("-"):
        return [flag, value]
    return [f"{flag}{value}" if len(flag) == 2 else f"{flag}={value}"]


def _word(value: Any) -> str:
    if isinstance(value, dict | list):
        raise UserError(
            f"job.arguments: {value} is not a single value",
            "Write several values after one flag as {values: [10, 20]}",
        )
    return "" if value is None else str(value)
