"""Checks every name that comes from outside before it becomes a path (invariant 4)."""

from __future__ import annotations

import re

from runner.errors import UserError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def is_name(name: object) -> bool:
    """Tell whether something can be a folder's name everywhere."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and ".." not in name


def check_name(name: object, what: str) -> str:
    """Return the name if it can be a folder's name everywhere.

    Parameters
    ----------
    name : object
        What the user wrote.
    what : str
        What it names, for the message: ``model name``, ``alias``.

    Raises
    ------
    UserError
        If it is anything but 1 to 128 ASCII letters, digits, ``.``, ``_`` or ``-``, starting with a
        letter or a digit, without ``..``.
    """
    if is_name(name):
        return str(name)
    shown = repr(name) if len(repr(name)) <= 60 else repr(name)[:57] + "..."
    raise UserError(
        f"{shown} cannot be {'an' if what[0] in 'aeiou' else 'a'} {what}",
        "Use 1 to 128 letters, digits, '.', '_' or '-', starting with a letter or a digit, without '..'",
    )
