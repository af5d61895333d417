"""One machine of a cluster: its connection, which is made again when it is lost, and what has been brought there."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from runner.errors import UserError
from runner.hosts.remote.client import Client, RefusedError, Request
from runner.hosts.remote.host import RemoteHost
from runner.hosts.remote.link import Link, UnreachableError
from runner.hosts.remote.tools import NodeTools
from runner.io.files import hash_files, list_files
from runner.layout import WORKER
from runner.worker import timeouts


class Way(Protocol):
    """How a machine is reached."""

    @property
    def name(self) -> str:
        """How it is called, which differs from all others of its cluster."""

    @property
    def python(self) -> str:
        """What is started there first, 3.6 or later."""

    @property
    def slots(self) -> int | None:
        """Runs at a time; None: its cores."""

    def connect(self) -> Link:
        """Connect to it.

        Raises
        ------
        UserError
            If it cannot be reached, is not who it should be, or does not let us in.
        """

    def occupy(self, run: Path) -> None:
        """Let whoever plans with the machine know that the run of a folder there goes on."""


class Node:
    """A machine. Safe to use from several threads.

    Parameters
    ----------
    way : Way
        How it is reached.
    root : str
        Its folder, ``~`` being the home of who we are there.
    send : bool
        Fetch packages here and send them.
    """

    def __init__(self, way: Way, root: str, *, send: bool) -> None:
        self.name, self.python, self._way, self._root, self._send = way.name, way.python, way, root, send
        self._connecting, self._bringing = threading.Lock(), threading.Lock()
        self._settling, self._clearing = threading.Lock(), threading.Lock()
        self._link: Link | None = None
        self._client: Client | None = None
        self._host: RemoteHost | None = None
        self._facts: dict[str, Any] = {}
        self._there: dict[str, Path] = {}
        self._owed: list[Callable[[Node], None]] = []
        self._home: queue.SimpleQueue[Path] = queue.SimpleQueue()  # runs that are here and may be removed there
        self._refused: tuple[float, UserError] | None = None

    @property
    def slots(self) -> int:
        """Runs at a time, 1 as long as that is not known."""
        return self._way.slots or self.cores

    @property
    def cores(self) -> int:
        """Cores it may use, 1 as long as that is not known."""
        return int(self._facts.get("cores", 1))

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the machine says of itself, once it has been reached."""
        return self._facts

    @property
    def is_connected(self) -> bool:
        """Return whether the connection holds, as far as is known."""
        return self._client is not None and self._client.is_alive

    @property
    def trouble(self) -> UserError | None:
        """Why it was not reached the last time, if it was not."""
        return self._refused[1] if self._refused is not None else None

    def host(self) -> RemoteHost:
        """Return the machine as a host, connecting unless that is done.

        Raises
        ------
        UnreachableError
            If it does not answer.
        UserError
            If it is not who it should be, does not let us in, or has no Python to start.
        """
        with self._connecting:
            if self._host is None or not self.is_connected:
                self._connect()
            assert self._host is not None  # noqa: S101 - set by connecting
            return self._host

    def _connect(self) -> None:
        if self._refused is not None and time.monotonic() - self._refused[0] < timeouts.seconds("node_return"):
            raise self._refused[1]
        self._drop()
        try:
            self._link = self._way.connect()
            self._client = Client(self._link, self.python)
            self._facts = self._know(self._client)
        except UserError as error:
            self._drop()
            self._refused = (time.monotonic(), error)
            raise
        self._refused = None
        self._host = RemoteHost(self._client, self._facts, NodeTools(self), fetches=not self._send)

    def _know(self, client: Client) -> dict[str, Any]:
        """Return what the machine is, its folder made."""
        try:
            return client.ask("know", path=self._root).result()
        except RefusedError as refused:
            raise UserError(
                f"{self.name}: its folder {self._root} cannot be created: {refused}",
                "Choose another folder: compute.root=PATH",
            ) from None

    def _settle(self) -> None:
        """Do what is owed, one after the other; what goes wrong is tried again."""
        with self._settling:
            while self._owed and self.is_connected:
                try:
                    self._owed[0](self)
                except (UserError, OSError, RefusedError):
                    return
                del self._owed[0]

    def owe(self, what: Callable[[Node], None]) -> None:
        """Have something done as soon as the machine is reached."""
        self._owed.append(what)

    @property
    def owes(self) -> int:
        """How much is left to be done there."""
        return len(self._owed)

    def root(self) -> Path:
        """Return its folder."""
        self.host()
        return Path(self._facts["root"])

    def call(self, module: str, function: str, **facts: Any) -> Request:
        """Call a function of the worker's folder there."""
        worker = self.worker()
        client = self._client
        if client is None:
            raise UnreachableError(f"{self.name} is not connected")
        return client.ask(
            "call", worker=str(worker), module=module, function=function, root=self._facts["root"], **facts
        )

    def worker(self) -> Path:
        """Return where the worker's folder is there, bringing it unless it is."""
        return self.bring("worker", _key_of_worker(), _files_of_worker)

    def bring(self, kind: str, key: str, files: Callable[[], Mapping[str, Path | bytes]]) -> Path:
        """Have a folder there by its key: it is sent aside and renamed, and only if it is missing."""
        with self._bringing:
            host, name = self.host(), f"{kind}/{key}"
            if name not in self._there:
                target = self.root() / kind / key
                host.bring(target, files)
                self._there[name] = target
            return self._there[name]

    @property
    def address(self) -> str:
        """By which other nodes reach it.

        Raises
        ------
        UserError
            If it is not reached now.
        """
        return self._connected().host

    def open(self, port: int) -> Any:
        """Open a channel to a port of its loopback."""
        return self._connected().open(port)

    def _connected(self) -> Link:
        self.host()
        assert self._link is not None  # noqa: S101 - connected
        return self._link

    def occupy(self, run: Path) -> None:
        """Let whoever else plans with the machine know that the run of a folder there goes on."""
        self._way.occupy(run)

    def let_go(self, run: Path) -> None:
        """Have a run's folder removed there, which is home: soon, and together with others."""
        self._home.put(run)

    def _clear(self) -> None:
        """Have removed what may be; what cannot be is left for `vivero nodes clean`."""
        with self._clearing:
            runs = []
            with contextlib.suppress(queue.Empty):
                while True:
                    runs.append(self._home.get_nowait())
            if not runs:
                return
            try:
                self.call("node_cleanup", "forget", runs=list(map(str, runs))).result()
            except UserError:  # it is lost in this moment
                for run in runs:
                    self._home.put(run)
            except RefusedError:
                return

    def forget_what_is_there(self) -> None:
        """Look again what is there: it was cleared away."""
        self._there.clear()

    def watch(self) -> None:
        """Do what is owed; give a connection up over which nothing has come for long, not even a sign of life."""
        client, link = self._client, self._link
        if client is None or link is None or not client.is_alive:
            return
        if time.monotonic() - client.heard > timeouts.seconds("cut_link"):
            link.close()
            return
        if not self._home.empty() and not self._clearing.locked():
            self._aside(self._clear)
        if self._owed and not self._settling.locked():
            self._aside(self._settle)

    def _aside(self, what: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=what, name=f"{what.__name__} {self.name}", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Let go of it, once what is here is removed there."""
        if self.is_connected:
            self._aside(self._clear).join(timeouts.seconds("last_removals"))
        self._drop()

    def _drop(self) -> None:
        link = self._link
        self._client = self._link = self._host = None
        self._there.clear()
        if link is not None:
            link.close()


def _files_of_worker() -> dict[str, Path | bytes]:
    return {name: WORKER / name for name in list_files(WORKER) if "__pycache__" not in name}


@functools.cache
def _key_of_worker() -> str:
    """Return the key of the worker's folder: its content does not change while a controller lives."""
    return hash_files(WORKER, _files_of_worker())
