"""Holds the listening socket of an endpoint: ``python holder.py HOST PORT PATH``. Standard library only.

Servers connect to the Unix socket at PATH to receive it, and stay connected. If that connection ends, the holder has
died. While servers are replaced, no client's connection is refused or lost.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import socket
import sys
from pathlib import Path

_BACKLOG = 4096


def main(host: str, port: int, path: str) -> None:
    """Hand out the listening socket until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    control = _socket_at(path)
    print(f"Holding {host}:{port}", flush=True)
    waiting = selectors.DefaultSelector()
    waiting.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is control:
                server, _ = control.accept()
                waiting.register(server, selectors.EVENT_READ)
                with contextlib.suppress(ConnectionError):
                    socket.send_fds(server, [b"."], [listening.fileno()])
            else:  # servers send nothing, so this one has ended
                waiting.unregister(key.fileobj)
                assert isinstance(key.fileobj, socket.socket)  # noqa: S101 - nothing else is registered
                key.fileobj.close()


def _socket_at(path: str) -> socket.socket:
    """Return a Unix socket that atomically replaces an earlier holder's."""
    control, staged = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), f"{path}.new"
    Path(staged).unlink(missing_ok=True)
    control.bind(staged)
    control.listen()
    Path(staged).rename(path)
    return control


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
