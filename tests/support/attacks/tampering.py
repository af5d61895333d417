"""Ways to tamper with a stored file."""

import os
from collections.abc import Callable
from pathlib import Path


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\nopen('pwned', 'w')\n")


def _same_size(path: Path) -> None:
    state = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def _link(path: Path) -> None:
    other = path.with_name("elsewhere")
    path.rename(other)
    path.symlink_to(other)


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


TAMPERING: dict[str, Callable[[Path], None]] = {
    "a line more": _append,
    "another byte, times as before": _same_size,
    "empty": lambda path: os.truncate(path, 0),
    "missing": Path.unlink,
    "a link": _link,
    "a FIFO": _fifo,
    "a folder": _folder,
}
