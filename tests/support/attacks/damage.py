"""Generates damage to the files of a workspace."""

from __future__ import annotations

import copy
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as some

from runner.io.json_records import LARGEST

Damage = Callable[[bytes], bytes]

_TEXTS = [
    "", "x" * 100_000, "\ud800", "\udcff", "\x1b[2J\n", "..", "../../etc/passwd", "/dev/zero", "\0", "NaN", "Infinity",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-13-01T00:00:00Z", "2026-07-01", "latest", "running",
    "completed", "maximize", "docker",
]  # fmt: skip
_NUMBERS = [0, -1, 2**31, 2**63, 10**299, -(10**299), 0.5, 1e308, float("inf"), float("-inf"), float("nan")]
_DEEP: Any = "deep"
for _ in range(150):
    _DEEP = [_DEEP] if _ % 2 else {"a": _DEEP}

VALUES = (
    some.sampled_from([None, True, False, [], {}, [[]], [None], {"": None}, {"a": {"b": [1]}}, [1, "a", None], _DEEP])
    | some.sampled_from(_NUMBERS)
    | some.sampled_from(_TEXTS)
    | some.text(max_size=5)
)


def places_of(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path to each value in plain data."""
    yield above
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places_of(item, (*above, key))


@some.composite
def mistyped(draw: some.DrawFn) -> Damage:
    """Draw a replaced, removed or added value."""
    at, new, kind = draw(some.integers(0, 10_000)), draw(VALUES), draw(some.sampled_from(["set", "set", "cut", "add"]))

    def change(line: bytes) -> bytes:
        value = json.loads(line)
        places = list(places_of(value))
        where = places[at % len(places)]
        if not where:
            return _dumped(new)
        inner = changed = copy.deepcopy(value)
        for key in where[:-1]:
            inner = inner[key]
        if kind == "cut":
            del inner[where[-1]]
        elif kind == "add" and isinstance(inner, dict):
            inner["colour"] = new
        else:
            inner[where[-1]] = new
        return _dumped(changed)

    return lambda content: _in_one_line(content, at, change)


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def _in_one_line(content: bytes, at: int, change: Damage) -> bytes:
    """Change a document, or one line of a file of lines."""
    try:
        return change(content) + b"\n"
    except ValueError:
        lines = content.splitlines() or [b"{}"]
    try:
        lines[at % len(lines)] = change(lines[at % len(lines)])
    except ValueError:  # a plain text
        lines[at % len(lines)] = b"\xff\0"
    return b"\n".join(lines) + b"\n"


@some.composite
def torn(draw: some.DrawFn) -> Damage:
    """Draw content that is cut, has bytes inserted or is replaced."""
    share, inserted = draw(some.floats(0, 1)), draw(some.sampled_from(_BYTES) | some.binary(max_size=8))
    kind = draw(some.sampled_from(["cut", "put", "all", "twice"]))

    def change(content: bytes) -> bytes:
        at = int(len(content) * share)
        return {
            "cut": content[:at],
            "put": content[:at] + inserted + content[at:],
            "all": inserted,
            "twice": content.replace(b'"format": 1', b'"format": 1, "format": 99, "id": 5, "id": null') * 2,
        }[kind]

    return change


_BYTES = [
    b"", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b"null\n", b"NaN\n",
    b"[]\n", b'"x"\n', b"\n" * 1000, b"{}\n", b"1e999\n", b'{"format": 1}\n', b'{"format": 99}\n',
    b'{"format": true}\n',
]  # fmt: skip
CONTENTS = mistyped() | mistyped() | mistyped() | torn()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as short,
        socket.socket(socket.AF_UNIX) as made,
    ):  # its path must be short
        made.bind(f"{short}/s")
        shutil.move(f"{short}/s", path)


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, LARGEST + 1)


PLACES: dict[str, Callable[[Path], Any]] = {
    "nothing": lambda _path: None,
    "a FIFO": _fifo,
    "a folder": Path.mkdir,
    "a socket": _socket,
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link without an end": lambda path: path.symlink_to("/dev/zero"),
    "a link to a folder": lambda path: path.symlink_to(".."),
    "a huge file": _huge,
}


def remove(path: Path) -> None:
    """Remove a path of any type."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
