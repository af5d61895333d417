"""The messages of a request as files and as the output of a command."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from runner.errors import UserError
from runner.hosts.remote.client import RefusedError, Request
from runner.ports.host import Completed
from runner.ports.say import Say


class Feed:
    """A writable file that feeds a request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def write(self, content: bytes) -> int:
        """Feed a piece."""
        if content:
            self._request.feed(bytes(content))
        return len(content)


class RemoteFile:
    """A readable file over the messages of a request."""

    def __init__(self, request: Request) -> None:
        self._messages, self._rest = iter(request), b""

    def read(self, size: int) -> bytes:
        """Return so many bytes, or fewer at the end."""
        while len(self._rest) < size:
            message = next(self._messages, None)
            if message is None:
                break
            self._rest += message.content
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


class ExpiredError(Exception):
    """A command took longer than it may."""


def output_of(request: Request, say: Say | None, timeout: float | None) -> Completed:
    """Wait for the end of a command, passing its output to `say` line by line.

    Raises
    ------
    ExpiredError
        If the command exceeds the timeout. It is then ended.
    """
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _stop(request)

    timer = threading.Timer(timeout if timeout is not None else threading.TIMEOUT_MAX, expire)
    timer.daemon = True
    if timeout is not None:
        timer.start()
    output, rest = bytearray(), b""
    try:
        for message in request:
            output += message.content
            *lines, rest = (rest + message.content).split(b"\n")
            _say(lines, say)
        _say([rest] if rest else [], say)
    except RefusedError:
        raise
    except BaseException:
        _stop(request)
        raise
    finally:
        timer.cancel()
    if expired.is_set():
        raise ExpiredError
    return Completed(int(request.answer["code"]), bytes(output))


def _stop(request: Request) -> None:
    """Ask a request to end, unless the connection is lost."""
    with contextlib.suppress(UserError):
        request.stop()


def _say(lines: Sequence[bytes], say: Say | None) -> None:
    if say is not None:
        for line in lines:
            say(line.decode(errors="replace").rstrip())
