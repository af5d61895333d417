"""Turns a job's settings into its command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

from runner.config.schema import RunSpec
from runner.errors import UserError

PLACE = re.compile(r"\$\{(input|output):([^}]*)\}")


def fill_places(value: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """Replace ``${input:NAME}`` and ``${output:NAME}`` with their paths."""
    places = {"input": inputs, "output": outputs}
    return PLACE.sub(lambda match: places[match[1]][match[2]], value)


def script_argv(spec: RunSpec) -> list[str]:
    """Return the command of a job, in which ``python`` means the environment's own."""
    return argv_of(spec.job.script, spec.job.command, spec.job.arguments)


def argv_of(script: str | None, command: Sequence[str] | None, arguments: Any) -> list[str]:
    """Return the job's own command, or the one made of its script and arguments."""
    if command is not None:
        return list(command)
    return ["python", str(script), *argument_words(arguments)]


def argument_words(arguments: Any) -> list[str]:
    """Turn arguments into an argument list.

    A list is passed unchanged. In a mapping, ``{kernel: linear}`` becomes ``--kernel linear``, true a bare flag,
    false and null nothing, a list the flag once per value, and ``{layers: {values: [10, 20]}}`` is one flag with
    all values after it, for argparse's ``nargs="+"``. A key that starts with ``-`` keeps its dashes. A value
    that starts with one, which a parser would take for a flag, is joined to its flag: ``--offset=-1e-05``.

    Raises
    ------
    UserError
        If a value is itself a mapping or a list.
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
    """Return a line for each list whose flag is repeated although the script expects one flag with all values.

    Parameters
    ----------
    arguments : mapping or list
        As in ``job.arguments``.
    script : str
        The script's text, which is searched for argparse's ``nargs``.
    """
    warnings, wanted = [], _flags_with_several_values(script)
    for key, value in arguments.items() if isinstance(arguments, dict) else ():
        if not isinstance(value, list) or len(value) < 2:
            continue
        if f"--{key}" in wanted:
            values = ", ".join(map(str, value))
            warnings.append(
                f"job.arguments.{key}: the script takes several values after one --{key}, but gets the flag "
                f"{len(value)} times. Write it {{values: [{values}]}}"
            )
    return warnings


def _flags_with_several_values(script: str) -> set[str]:
    """Return the argparse flags for which a script declares several values; when repeated, only the last one counts."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):  # Python itself reports it, or another version will run the script
        return set()
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    flags: set[str] = set()
    for call in calls:
        options = {keyword.arg: keyword.value for keyword in call.keywords}
        several, action = options.get("nargs"), options.get("action")
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"):
            continue
        if _constant(several) in (None, "?") or _constant(action) in ("append", "extend"):
            continue
        flags |= {str(_constant(argument)) for argument in call.args}
    return flags


def _constant(node: ast.expr | None) -> Any:
    """Return a literal value, the node if it is computed, None if it is missing."""
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
