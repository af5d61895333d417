"""Reads a run's job order and its secrets, which only exist until the worker has read them.

``order.json`` has what records may have. ``secrets.json``, which only its owner can read, has the values of variables
and the words of the command that it lacks.
"""

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

NAME = "secrets.json"
MASK = "***"
_PART = "." + NAME + ".tmp"
_LEAST = 6  # characters of a value that can be told from other words


def read(run_dir: str) -> "Dict[str, Any]":
    """Return the order in a run's folder with its secrets, if they still exist."""
    with open(os.path.join(run_dir, "order.json"), encoding="utf-8") as file:
        order: "Dict[str, Any]" = json.load(file)
    try:
        with open(os.path.join(run_dir, NAME), encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return order
    order["secret"] = sorted(found["variables"])
    order["variables"] = dict(order["variables"], **found["variables"])
    if found["argv"] is not None:
        order["shown_argv"], order["argv"] = order["argv"], found["argv"]
    return order


def parts(order: "Dict[str, Any]") -> "Tuple[Dict[str, Any], Dict[str, Any]]":
    """Split an order in the two files' contents: without secrets, and the secrets."""
    names = order.get("secret") or []
    public = {name: value for name, value in order.items() if name not in ("secret", "shown_argv")}
    public["variables"] = {name: MASK if name in names else value for name, value in order["variables"].items()}
    argv = order["argv"] if order.get("shown_argv") is not None else None
    if argv is not None:
        public["argv"] = order["shown_argv"]
    return public, {"variables": {name: order["variables"][name] for name in names}, "argv": argv}


def keep(run_dir: str, secrets: "Dict[str, Any]") -> None:
    """Write an order's secrets, if any."""
    if not secrets["variables"] and secrets["argv"] is None:
        return
    part = os.path.join(run_dir, _PART)
    _remove(part)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(secrets, file)
    os.rename(part, os.path.join(run_dir, NAME))


def forget(run_dir: str) -> None:
    """Remove an order's secrets."""
    for name in (NAME, _PART):
        _remove(os.path.join(run_dir, name))


def without_secrets(text: str, order: "Dict[str, Any]") -> str:
    """Return a text with each secret masked that is long enough to be distinctive."""
    shown = set(order.get("shown_argv") or order.get("argv") or [])
    words = [word for word in order.get("argv") or [] if word not in shown]
    values = [order["variables"][name] for name in order.get("secret") or []]
    for value in sorted((one for one in [*words, *values] if one and len(one) >= _LEAST), key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def hidden_argv(order: "Dict[str, Any]") -> "List[str]":
    """Return the command for process lists, with secret words masked."""
    argv, shown = order["argv"], order["shown_argv"]
    return list(shown) if len(shown) == len(argv) else [word if word in shown else MASK for word in argv]


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
