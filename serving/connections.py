"""Closes connections on which no request comes about: silent ones, and headers that are sent byte by byte.

uvicorn has a limit for connections that rest between two requests, and none for these. And when the server ends it
closes those at rest at once, although a request may be on its way: here they may bring that one.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from runner.worker import timeouts


class Connection(HttpToolsProtocol):
    """uvicorn's connection, looked at once a second. Nothing is added to what a request costs."""

    _looked_after: ClassVar[WeakSet[asyncio.AbstractEventLoop]] = WeakSet()
    _since: float | None
    _after: RequestResponseCycle | None
    _last = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._since, self._after = self.loop.time(), None
        if self.loop not in self._looked_after:
            self._looked_after.add(self.loop)
            self._look()

    def _look(self) -> None:
        limit = timeouts.seconds("request_headers")
        for one in list(self.connections):
            if isinstance(one, Connection):
                one.close_if_late(limit)
        self.loop.call_later(min(1.0, limit / 4), self._look)

    def close_if_late(self, limit: float) -> None:
        """Close it if it has been waiting for a request's headers for longer than a limit in seconds."""
        if not self._awaits_headers():
            self._since = None
        elif self._since is None or self._after is not self.cycle:
            self._since, self._after = self.loop.time(), self.cycle
        elif self.loop.time() - self._since > limit:
            self.transport.close()

    def shutdown(self) -> None:
        """Let what is at work be answered, and what a client may be sending just now; each answer says it is the last.

        The client then asks anew elsewhere: without that word it would ask here, of nobody.
        """
        if self.cycle and not self.cycle.response_complete:
            super().shutdown()
        else:
            self._last = True
            self.loop.call_later(timeouts.seconds("last_request"), super().shutdown)

    def on_headers_complete(self) -> None:
        """Begin to answer a request."""
        super().on_headers_complete()
        if self._last:
            self.cycle.keep_alive = False

    def _awaits_headers(self) -> bool:
        """Tell whether a request has begun to come, or the first one has not.

        One that is answered, or whose body is on its way, has limits of its own; so has a connection at rest, until
        a byte comes that begins no request.
        """
        if not self.cycle:  # None until the first one's are complete
            return True
        begun = self.scope is not self.cycle.scope
        return self.cycle.response_complete and (begun or self.timeout_keep_alive_task is None)
