"""Tries another user's attacks on a process and its socket: ``python -m ... PID SOCKET FOLDER``.

Prints a line for each that succeeds.
"""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path


def main(pid: int, place: Path, folder: Path) -> None:
    """Try all attacks."""
    attempts: dict[str, Callable[[], object]] = {
        "connected": lambda: _connected(place),
        "listed its folder": lambda: list(folder.iterdir()),
        "replaced its socket": lambda: place.rename(place.with_suffix(".old")),
        "wrote beside it": (place.parent / "more").touch,
        "read its descriptors": lambda: list(Path(f"/proc/{pid}/fd").iterdir()),
        "read its variables": lambda: Path(f"/proc/{pid}/environ").read_bytes(),
        "read its memory": lambda: Path(f"/proc/{pid}/mem").open("rb").close(),
        "took a descriptor": lambda: os.open(f"/proc/{pid}/fd/0", os.O_RDONLY),
        "ended it": lambda: os.kill(pid, signal.SIGTERM),
    }
    for what, attempt in attempts.items():
        with contextlib.suppress(PermissionError, FileNotFoundError):
            attempt()
            print(what)
    print("tried")


def _connected(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.connect(str(place))
        knocking.sendall(b'{"do": "stop"}\n')


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
