"""A link to one host of a Dask cluster, through one of its workers."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any

from runner.errors import UserError
from runner.hosts.dask.client import DaskClient, host_of, one_line
from runner.hosts.remote.link import UnreachableError
from runner.worker import timeouts


class DaskLink:
    """A connection to the host of a worker.

    Parameters
    ----------
    client : DaskClient
        The cluster's client.
    worker : str
        The worker's address.

    Raises
    ------
    UnreachableError
        If the worker does not answer.
    """

    def __init__(self, client: DaskClient, worker: str) -> None:
        self._client, self._worker = client, worker
        self.name = self.host = host_of(worker)
        self._channels: list[DaskChannel] = []
        client.install(worker)

    @property
    def seconds(self) -> float:
        """The time limit for an answer."""
        return timeouts.seconds("scheduler_answer")

    @property
    def is_alive(self) -> bool:
        """Whether the connection is alive. A lost worker only shows when a channel is used."""
        return True

    def start(self, words: list[str]) -> DaskChannel:
        """Start a program from an argument list, without a shell."""
        return self._call("vivero_start", words)

    def open(self, port: int) -> DaskChannel:
        """Connect to a port on the host's loopback interface."""
        return self._call("vivero_open", port)

    def _call(self, function: str, given: Any) -> DaskChannel:
        kind, answer = self._client.call(self._worker, function, given)
        if kind == "error":
            raise UnreachableError(f"{self.name}: {answer}")
        channel = DaskChannel(self._client, self._worker, answer)
        self._channels = [earlier for earlier in self._channels if not earlier.closed] + [channel]
        return channel

    def complaint(self, channel: DaskChannel) -> bytes:
        """Return what a program wrote to its standard error, or nothing if the worker does not answer."""
        try:
            return channel.complaint()
        except (UserError, OSError):
            return b""

    def close(self) -> None:
        """Close all channels."""
        for channel in self._channels:
            channel.close()


class DaskChannel:
    """A stream of the relay. Every failure is an ``OSError``.

    Parameters
    ----------
    client : DaskClient
        The cluster's client.
    worker : str
        The address of the worker that holds the stream.
    name : str
        The stream's name on the worker.
    """

    def __init__(self, client: DaskClient, worker: str, name: str) -> None:
        self._client, self._worker, self._name = client, worker, name
        self._closing: Future[None] = Future()
        self._timeout: float | None = None
        self._rest = b""

    @property
    def closed(self) -> bool:
        """Whether the channel is closed."""
        return self._closing.done()

    def settimeout(self, seconds: float | None, /) -> None:
        """Limit the time that `recv` waits."""
        self._timeout = seconds

    def recv(self, size: int, /) -> bytes:
        """Return received bytes; empty at the end of the stream."""
        until = time.monotonic() + self._timeout if self._timeout is not None else None
        while not self._rest:
            received = self._do("receive", timeouts.relay_poll())
            if received == b"":
                return b""
            if received is None and until is not None and time.monotonic() > until:
                raise TimeoutError
            self._rest = received or b""
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def sendall(self, content: bytes, /) -> None:
        """Send all of the content."""
        self._do("send", content)

    def shutdown(self, _how: int, /) -> None:
        """Signal that nothing more will be sent."""
        self._do("finish")

    def complaint(self) -> bytes:
        """Return what the program wrote to its standard error."""
        return bytes(self._do("complaint"))

    def close(self) -> None:
        """Close the stream without waiting for the worker's confirmation."""
        if not self.closed:
            self._closing.set_result(None)
            self._client.tell(self._worker, "vivero_stream", self._name, "end")

    def _do(self, what: str, given: Any = None) -> Any:
        future = self._client.begin(self._worker, "vivero_stream", self._name, what, given)
        wait([future, self._closing], return_when=FIRST_COMPLETED)
        if not future.done():
            future.cancel()
            raise OSError("closed")
        try:
            kind, answer = future.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001 - distributed raises many types for this
            raise OSError(one_line(error)) from None
        if kind == "error":
            raise OSError(answer)
        return answer
