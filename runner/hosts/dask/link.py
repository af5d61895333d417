"""One machine of a Dask cluster, through one of its workers."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any

from runner.errors import UserError
from runner.hosts.dask.client import DaskClient, host_of, shortly
from runner.hosts.remote.link import UnreachableError
from runner.worker import timeouts


class DaskLink:
    """A connection to the machine of a worker.

    Parameters
    ----------
    client : DaskClient
        Of the cluster.
    worker : str
        The worker's address.

    Raises
    ------
    UnreachableError
        If it does not answer.
    """

    def __init__(self, client: DaskClient, worker: str) -> None:
        self._client, self._worker = client, worker
        self.name = self.host = host_of(worker)
        self._channels: list[DaskChannel] = []
        client.install(worker)

    @property
    def seconds(self) -> float:
        """How long it may take to answer."""
        return timeouts.seconds("scheduler_answer")

    def start(self, words: list[str]) -> DaskChannel:
        """Start a program with its words as they are."""
        return self._made("vivero_start", words)

    def open(self, port: int) -> DaskChannel:
        """Connect to a port of the machine's own loopback."""
        return self._made("vivero_open", port)

    def _made(self, function: str, given: Any) -> DaskChannel:
        kind, found = self._client.call(self._worker, function, given)
        if kind == "error":
            raise UnreachableError(f"{self.name}: {found}")
        channel = DaskChannel(self._client, self._worker, found)
        self._channels = [one for one in self._channels if not one.closed] + [channel]
        return channel

    def complaint(self, channel: DaskChannel) -> bytes:
        """Return what a program wrote to its standard error, as far as it is here."""
        try:
            return channel.complaint()
        except (UserError, OSError):
            return b""

    def close(self) -> None:
        """Let go of the machine."""
        for one in self._channels:
            one.close()


class DaskChannel:
    """A stream of the relay. What goes wrong is an ``OSError``.

    Parameters
    ----------
    client : DaskClient
        Of the cluster.
    worker : str
        The address of the worker that has it.
    name : str
        What the worker calls it.
    """

    def __init__(self, client: DaskClient, worker: str, name: str) -> None:
        self._client, self._worker, self._name = client, worker, name
        self._closing: Future[None] = Future()
        self._timeout: float | None = None
        self._rest = b""

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closing.done()

    def settimeout(self, seconds: float | None, /) -> None:
        """Have `recv` wait at most so long."""
        self._timeout = seconds

    def recv(self, size: int, /) -> bytes:
        """Return what has come, nothing at the end."""
        until = time.monotonic() + self._timeout if self._timeout is not None else None
        while not self._rest:
            found = self._do("receive", timeouts.relay_poll())
            if found == b"":
                return b""
            if found is None and until is not None and time.monotonic() > until:
                raise TimeoutError
            self._rest = found or b""
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def sendall(self, content: bytes, /) -> None:
        """Send all of it."""
        self._do("send", content)

    def shutdown(self, _how: int, /) -> None:
        """Say that nothing more is sent."""
        self._do("finish")

    def complaint(self) -> bytes:
        """Return what the program wrote to its standard error."""
        return bytes(self._do("complaint"))

    def close(self) -> None:
        """Let go of it. Nobody waits for the worker's word."""
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
            kind, found = future.result()
        except (Exception, CancelledError) as error:  # noqa: BLE001 - a lost connection has many names there
            raise OSError(shortly(error)) from None
        if kind == "error":
            raise OSError(found)
        return found
