"""A client of a Dask cluster in an event loop of its own. It calls the relay's functions on the workers."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import sys
import threading
import warnings
from collections.abc import Coroutine
from concurrent.futures import Future, wait
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from runner.errors import UserError
from runner.hosts.dask.settings import DaskSettings
from runner.hosts.remote.link import UnreachableError
from runner.worker import timeouts

_RELAY = Path(__file__).with_name("relay.py")
_NAME = "vivero_relay"
_loading = threading.Lock()
_INSTALL = (
    "import sys, types\n"
    "if sys.modules.get({name!r}) is None or sys.modules[{name!r}].TEXT != {text!r}:\n"
    "    module = types.ModuleType({name!r})\n"
    "    module.TEXT = {text!r}\n"
    "    sys.modules[{name!r}] = module\n"
    "    exec(compile(module.TEXT, {name!r}, 'exec'), module.__dict__)\n"
)
# Sent as the text of a task, so that workers need nothing installed.
_HOLD = """
import fcntl, os, time

def is_held():
    try:
        with open(lock) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False

begins = time.monotonic() + 15
while not is_held() and os.path.isdir(os.path.dirname(lock)) and time.monotonic() < begins:
    time.sleep(0.2)
while is_held():
    time.sleep(0.2)
"""
_LAST = 1.0  # seconds to deliver the last messages on close


class DaskClient:
    """A client of a scheduler that connects on demand. It is thread-safe.

    Parameters
    ----------
    settings : DaskSettings
        The scheduler's address and TLS files.
    """

    def __init__(self, settings: DaskSettings) -> None:
        self.settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Any = None
        self._pending: set[Future[Any]] = set()
        self._guard, self._connecting = threading.Lock(), asyncio.Lock()

    def threads(self) -> dict[str, int]:
        """Return the number of threads of each worker, by address.

        Raises
        ------
        UserError
            If the scheduler does not answer.
        """
        return dict(self._answer(self._threads()))

    async def _threads(self) -> Any:
        client = await self._connected()
        return await client.nthreads()

    def install(self, worker: str) -> None:
        """Install the relay on a worker."""
        limits = f"FORGOTTEN, ENDS = {timeouts.seconds('relay_forgotten')}, {timeouts.seconds('relay_program')}\n"
        text = _INSTALL.format(name=_NAME, text=_RELAY.read_text() + limits)
        self._answer(self._run(worker, exec, text, {}))

    def call(self, worker: str, function: str, *given: Any) -> Any:
        """Call a function of the relay and wait for its result.

        Raises
        ------
        UnreachableError
            If the worker does not answer.
        """
        return self._answer(self._run(worker, getattr(_relay(), function), *given))

    def begin(self, worker: str, function: str, *given: Any) -> Future[Any]:
        """Start a call of one of the relay's functions and return its future."""
        return self._submit(self._run(worker, getattr(_relay(), function), *given))

    def tell(self, worker: str, function: str, *given: Any) -> None:
        """Start a call of one of the relay's functions and ignore its result. `close` waits for it briefly."""
        task = self.begin(worker, function, *given)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def occupy(self, workers: list[str], key: str, lock: Path) -> None:
        """Keep a task running on one of the given workers while a file is locked there. Return without waiting."""
        with contextlib.suppress(UnreachableError):  # the process that follows the run reports it too
            self._answer(self._occupied(workers, key, {"lock": str(lock)}))

    async def _occupied(self, workers: list[str], key: str, facts: dict[str, str]) -> None:
        from distributed import fire_and_forget

        client = await self._connected()
        fire_and_forget(client.submit(exec, _HOLD, facts, workers=workers, key=key, pure=False))

    async def _run(self, worker: str, function: Any, *given: Any) -> Any:
        client = await self._connected()
        results = await client.run(function, *given, workers=[worker])
        return results[worker]

    def _answer(self, question: Coroutine[Any, Any, Any]) -> Any:
        """Wait for an answer. Any error but a `UserError` becomes an `UnreachableError`."""
        future, limit = self._submit(question), timeouts.seconds("scheduler_answer")
        try:
            return future.result(limit)
        except UserError:
            raise
        except TimeoutError:
            future.cancel()
            raise UnreachableError(f"{self.settings.address} does not answer within {limit:g} s") from None
        except Exception as error:  # noqa: BLE001 - distributed raises many types for a lost connection
            raise UnreachableError(f"{self.settings.address}: {one_line(error)}") from None

    def _submit(self, question: Coroutine[Any, Any, Any]) -> Future[Any]:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="dask", daemon=True).start()
            return asyncio.run_coroutine_threadsafe(question, self._loop)

    async def _connected(self) -> Any:
        """Return a connected client, replacing one that was closed."""
        async with self._connecting:
            if self._client is None or self._client.status in ("closing", "closed"):
                self._client = await _connect(self.settings)
            return self._client

    def close(self) -> None:
        """Disconnect from the scheduler."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        if self._client is not None:
            wait(list(self._pending), _LAST)
            closing = asyncio.run_coroutine_threadsafe(_leave(self._client), loop)
            with contextlib.suppress(Exception):  # it may be closed already
                closing.result(timeouts.seconds("scheduler_answer"))
        loop.call_soon_threadsafe(loop.stop)


async def _leave(client: Any) -> None:
    await client.close()


async def _connect(settings: DaskSettings) -> Any:
    from distributed import Client, Security
    from distributed.versions import VersionMismatchWarning

    # distributed logs each lost connection; vivero reports those that matter.
    for name in ("distributed.client", "distributed.core", "distributed.comm"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Workers only receive source text, and runs use the packages of their own environment.
    warnings.filterwarnings("ignore", category=VersionMismatchWarning)

    security = None
    if settings.tls is not None:
        ca_file, cert, key = map(str, settings.tls)
        client_files = {"tls_client_cert": cert, "tls_client_key": key}
        security = Security(tls_ca_file=ca_file, require_encryption=True, **client_files)
    try:
        limit = timeouts.seconds("scheduler")
        return await Client(settings.address, asynchronous=True, security=security, timeout=limit, set_as_default=False)
    except Exception as error:  # noqa: BLE001 - TLS, sockets and dask share no base class for their errors
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        raise UnreachableError(f"The scheduler at {settings.address} does not answer: {one_line(cause)}") from None


def _relay() -> ModuleType:
    """Return the relay as the module that workers import by name."""
    with _loading:
        if _NAME not in sys.modules:
            spec = importlib.util.spec_from_file_location(_NAME, _RELAY)
            assert spec is not None and spec.loader is not None  # noqa: S101 - the file is part of this package
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            sys.modules[_NAME] = module
        return sys.modules[_NAME]


def host_of(worker: str) -> str:
    """Return the host in a worker's address."""
    return urlsplit(worker).hostname or worker


def one_line(error: BaseException) -> str:
    """Return an error's message in one line."""
    return " ".join(str(error).split()) or type(error).__name__
