"""A connection to an agent on this machine."""

import signal
import socket
import subprocess
from typing import Any

from runner.errors import UserError


class Wire:
    """A connection to an agent on this machine, which may be cut after so many bytes."""

    name = host = "here"
    seconds = 10.0

    def __init__(self, cut_after: float = float("inf")) -> None:
        self.left, self.sent, self.closed = cut_after, 0, False

    @property
    def is_alive(self) -> bool:
        return not self.closed

    def start(self, words: list[str]) -> "Wire":
        self.end, theirs = socket.socketpair()
        self.process = subprocess.Popen(words, stdin=theirs.fileno(), stdout=theirs.fileno())
        theirs.close()
        return self

    def sendall(self, content: bytes, /) -> None:
        self.left -= len(content)
        self.sent += len(content)
        if self.left < 0:
            self.process.send_signal(signal.SIGKILL)
            self.close()
            raise OSError("cut")
        self.end.sendall(content)

    def recv(self, count: int, /) -> bytes:
        return self.end.recv(count)

    def settimeout(self, seconds: float | None, /) -> None:
        self.end.settimeout(seconds)

    def shutdown(self, how: int, /) -> None:
        self.end.shutdown(how)

    def open(self, _port: int) -> "Wire":
        raise UserError("nothing listens here")

    def complaint(self, _channel: Any) -> bytes:
        return b""

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.end.shutdown(socket.SHUT_RDWR)
            self.end.close()
            self.process.wait()
