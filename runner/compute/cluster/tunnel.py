"""A port of this machine's loopback that leads to one of a node's, through its SSH connection."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from runner.compute.cluster.node import Node
from runner.errors import UserError

_PIECE = 1 << 16


class Tunnel:
    """Takes connections on a free port until it is closed.

    Parameters
    ----------
    node : Node
        Where it leads.
    port : int
        Of the node's loopback.
    """

    def __init__(self, node: Node, port: int) -> None:
        self._node, self._there = node, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._serve, name=f"tunnel to {node.name}", daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection = self._listening.accept()[0]
                threading.Thread(target=self._carry, args=(connection,), daemon=True).start()

    def _carry(self, connection: socket.socket) -> None:
        with connection:
            try:
                channel = self._node.open(self._there)
            except (UserError, OSError):
                return
            back = threading.Thread(target=_copy, args=(channel, connection), daemon=True)
            back.start()
            _copy(connection, channel)
            back.join()
            channel.close()


def _copy(source: Any, target: Any) -> None:
    """Carry bytes one way until that end closes."""
    with contextlib.suppress(OSError, EOFError):
        while piece := source.recv(_PIECE):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
