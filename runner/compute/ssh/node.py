"""One machine of a cluster: its connection, which is made again when it is lost, and what has been brought there."""

from __future__ import annotations

import functools
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.files import list_files
from runner.hosts.ssh.client import Client, RefusedError, Request
from runner.hosts.ssh.connection import Connection, UnreachableError
from runner.hosts.ssh.host import SshHost
from runner.hosts.ssh.identities import Identities
from runner.hosts.ssh.node_settings import NodeSettings
from runner.hosts.ssh.settings import find
from runner.hosts.ssh.tools import NodeTools
from runner.layout import WORKER

_AGAIN = 2.0  # seconds between two tries to reach a machine that does not answer
_SILENT = 15.0  # seconds of silence after which a connection is given up


class Node:
    """A machine. Safe to use from several threads.

    Parameters
    ----------
    settings : NodeSettings
        How it is reached.
    root : str
        Its folder, ``~`` being the home of who we are there.
    slots : int or None
        Runs at a time where its own settings do not say; None: its cores.
    identities : Identities
        Who we are.
    send : bool
        Fetch packages here and send them.
    """

    def __init__(
        self, settings: NodeSettings, root: str, slots: int | None, identities: Identities, *, send: bool
    ) -> None:
        self.settings, self.name, self._send = settings, settings.host, send
        self._root, self._slots, self._identities = root, settings.slots or slots, identities
        self._connecting, self._bringing = threading.Lock(), threading.Lock()
        self._connection: Connection | None = None
        self._client: Client | None = None
        self._host: SshHost | None = None
        self._facts: dict[str, Any] = {}
        self._there: dict[str, Path] = {}
        self._owed: list[Callable[[Node], None]] = []
        self._refused: tuple[float, UserError] | None = None

    @property
    def slots(self) -> int:
        """Runs at a time, 1 as long as that is not known."""
        return self._slots or int(self._facts.get("cores", 1))

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the machine says of itself, once it has been reached."""
        return self._facts

    @property
    def is_connected(self) -> bool:
        """Tell whether the connection holds, as far as is known."""
        return self._client is not None and self._client.is_alive

    @property
    def trouble(self) -> UserError | None:
        """Why it was not reached the last time, if it was not."""
        return self._refused[1] if self._refused is not None else None

    def host(self) -> SshHost:
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
        if self._refused is not None and time.monotonic() - self._refused[0] < _AGAIN:
            raise self._refused[1]
        self._drop()
        one = self.settings
        try:
            self._connection = Connection(find(one.host, user=one.user, port=one.port), self._identities)
            self._client = Client(self._connection, one.python)
            self._facts = self._know(self._client)
        except UserError as error:
            self._drop()
            self._refused = (time.monotonic(), error)
            raise
        self._refused = None
        self._host = SshHost(self._client, self._facts, NodeTools(self), fetches=not self._send)
        owed, self._owed = self._owed, []
        if owed:
            threading.Thread(target=self._settle, args=(owed,), daemon=True).start()

    def _know(self, client: Client) -> dict[str, Any]:
        """Return what the machine is, its folder made."""
        try:
            return client.ask("know", path=self._root).result()
        except RefusedError as refused:
            raise UserError(
                f"{self.name}: its folder {self._root} cannot be made: {refused}", "Name another one: compute.root=PATH"
            ) from None

    def _settle(self, owed: list[Callable[[Node], None]]) -> None:
        for one in owed:
            try:
                one(self)
            except (UserError, OSError, RefusedError):
                self._owed.append(one)

    def owe(self, what: Callable[[Node], None]) -> None:
        """Have something done when the machine is reached again."""
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
                if host.missing([target]):
                    aside = target.with_name(f"{key}.{secrets.token_hex(6)}.part")
                    host.put_files(files(), aside)
                    try:
                        host.rename(aside, target)
                    except OSError:
                        if host.missing([target]):  # else somebody else was first
                            raise
                        host.remove(aside)
                self._there[name] = target
            return self._there[name]

    @property
    def address(self) -> str:
        """By which other nodes reach it: as we do."""
        return find(self.settings.host, port=self.settings.port).host

    def open(self, port: int) -> Any:
        """Open a channel to a port of its loopback."""
        self.host()
        assert self._connection is not None  # noqa: S101 - connected
        return self._connection.open(port)

    def forget_what_is_there(self) -> None:
        """Look again what is there: it was cleared away."""
        self._there.clear()

    def watch(self) -> None:
        """Give a connection up over which nothing has come for long, not even the answer to a sign of life."""
        client, connection = self._client, self._connection
        if client is None or connection is None or not client.is_alive:
            return
        if time.monotonic() - client.heard > _SILENT:
            connection.close()

    def close(self) -> None:
        """Let go of it."""
        self._drop()

    def _drop(self) -> None:
        connection = self._connection
        self._client = self._connection = self._host = None
        self._there.clear()
        if connection is not None:
            connection.close()


def _files_of_worker() -> dict[str, Path | bytes]:
    return {name: WORKER / name for name in list_files(WORKER) if "__pycache__" not in name}


@functools.cache
def _key_of_worker() -> str:
    """Return the key of the worker's folder: its content does not change while a controller lives."""
    digest = hashlib.sha256()
    for name in _files_of_worker():
        digest.update(f"{name}\0".encode() + (WORKER / name).read_bytes() + b"\0")
    return digest.hexdigest()[:32]
