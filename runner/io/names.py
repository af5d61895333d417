"""Checks every name that comes from outside before it becomes a path (invariant 4)."""

from __future__ import annotations

import re
import unicodedata

from runner.errors import UserError

# Keys of a composition whose values are names, and what they name.
NAMING_KEYS = {"experiment_name": "experiment name", "model.name": "model name", "endpoint.name": "endpoint name"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def is_name(name: object) -> bool:
    """Return whether something can be a folder's name everywhere."""
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
        "Use 1 to 128 letters from a to z, digits, '.', '_' or '-', starting with a letter or a digit, without '..'",
    )


def check_key(key: str, name: object) -> str:
    """Return a name from a composition after checking it. `key` is one of `NAMING_KEYS`."""
    return check_name(name, f"{NAMING_KEYS[key]} ({key}=...)")


def name_from(text: str, otherwise: str) -> str:
    """Return the name that comes nearest to a text, such as a folder's: ``my-project`` for ``my project``."""
    text = text.replace("\u00df", "ss")  # NFKD does not decompose it
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9._-]+", "-", plain)).strip("-._")[:128]
    return plain if is_name(plain) else otherwise


def is_file_name(name: object) -> bool:
    """Return whether something can be the name of a file in a folder, whatever its letters."""
    return (
        isinstance(name, str)
        and name not in ("", ".", "..")
        and "/" not in name
        and name.isprintable()
        and len(name.encode()) <= 255
    )


def check_file_name(name: str, what: str) -> str:
    """Return the name if it can be a file's name in a folder. Any letters are allowed.

    Raises
    ------
    UserError
        If it has a slash or a character that is not printable, is too long, or is a folder's own.
    """
    if not is_file_name(name):
        raise UserError(f"{what}: {name!r} is not the name of a file in a folder")
    return name


def check_tag(key: object) -> str:
    """Return the key of a tag, checked.

    Raises
    ------
    UserError
        If it is empty, or has characters that are not printable.
    """
    if isinstance(key, str) and key.strip() and key.isprintable():
        return key
    raise UserError(f"{key!r} cannot be the key of a tag", "Use printable characters")
