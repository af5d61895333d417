"""One machine of a cluster: its connection, which is restored when lost, and what has been sent to it."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError
from runner.hosts.remote.client import Client, RefusedError, Request
from runner.hosts.remote.host import RemoteHost
from runner.hosts.remote.link import UnreachableError
from runner.hosts.remote.resuming import send_resumable
from runner.hosts.remote.tools import NodeTools
from runner.io.folders import list_files
from runner.io.hashes import hash_files
from runner.layout import WORKER
from runner.ports.machines import Link, Machine
from runner.worker import timeouts


class Node:
    """A machine. Safe to use from several threads.

    Parameters
    ----------
    machine : Machine
        The machine, and how to reach it.
    settings : ClusterComputeConfig
        The settings of its cluster.
    """

    def __init__(self, machine: Machine, settings: Any) -> None:
        self.name, self.python, self._machine = machine.name, machine.python, machine
        self._root, self._send = str(settings.root), bool(settings.send_packages)
        self._connecting, self._sending = threading.Lock(), threading.Lock()
        self._running_deferred, self._clearing = threading.Lock(), threading.Lock()
        self._link: Link | None = None
        self._client: Client | None = None
        self._host: RemoteHost | None = None
        self._facts: dict[str, Any] = {}
        self._there: dict[str, Path] = {}
        self._deferred: list[Callable[[Node], None]] = []
        self._home: queue.SimpleQueue[Path] = queue.SimpleQueue()  # fetched runs whose folders may be removed
        self._refused: tuple[float, UserError] | None = None

    @property
    def slots(self) -> int:
        """Number of concurrent runs. If it is not configured, the number of cores."""
        return self._machine.slots or self.cores

    @property
    def cores(self) -> int:
        """Number of usable cores, 1 until the machine has been reached."""
        return int(self._facts.get("cores", 1))

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts about the machine, once it has been reached."""
        return self._facts

    @property
    def is_connected(self) -> bool:
        """Return whether the connection is alive, as far as known."""
        return self._client is not None and self._client.is_alive

    @property
    def trouble(self) -> UserError | None:
        """Why the last attempt to reach it failed, if it did."""
        return self._refused[1] if self._refused is not None else None

    def host(self) -> RemoteHost:
        """Return the machine as a host, connecting if necessary.

        Raises
        ------
        UnreachableError
            If it does not answer.
        UserError
            If it has another host key, rejects the login, or has no Python.
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
            self._link = self._machine.connect()
            self._client = Client(self._link, self.python)
            self._facts = self._get_facts(self._client)
        except UserError as error:
            self._drop()
            self._refused = (time.monotonic(), error)
            raise
        self._refused = None
        self._host = RemoteHost(self._client, self._facts, NodeTools(self), fetches=not self._send)

    def _get_facts(self, client: Client) -> dict[str, Any]:
        """Return facts about the machine, after creating its folder."""
        try:
            return client.ask("know", path=self._root).result()
        except RefusedError as refused:
            raise UserError(
                f"{self.name}: its folder {self._root} cannot be created: {refused}",
                "Choose another folder: compute.root=PATH",
            ) from None

    def _run_deferred(self) -> None:
        """Run deferred tasks in order; failed ones are retried."""
        with self._running_deferred:
            while self._deferred and self.is_connected:
                try:
                    self._deferred[0](self)
                except (UserError, OSError, RefusedError):
                    return
                del self._deferred[0]

    def defer(self, what: Callable[[Node], None]) -> None:
        """Defer a task until the machine is reached."""
        self._deferred.append(what)

    @property
    def deferred(self) -> int:
        """Number of deferred tasks."""
        return len(self._deferred)

    def root(self) -> Path:
        """Return the folder on the machine for everything that is sent to it, connecting if necessary."""
        self.host()
        return Path(self._facts["root"])

    def call(self, module: str, function: str, **facts: Any) -> Request:
        """Call a function in a module of the worker on the machine. `facts` are its arguments."""
        worker = self.worker()
        client = self._client
        if client is None:
            raise UnreachableError(f"{self.name} is not connected")
        return client.ask(
            "call", worker=str(worker), module=module, function=function, root=self._facts["root"], **facts
        )

    def worker(self) -> Path:
        """Return the worker's folder on the machine, sending it if necessary."""
        return self.send_folder("worker", _key_of_worker(), _files_of_worker)

    def send_folder(self, kind: str, key: str, files: Callable[[], Mapping[str, Path | bytes]]) -> Path:
        """Send a folder, unless the machine has it, and return its path. It is sent under a temporary name."""
        with self._sending:
            host, name = self.host(), f"{kind}/{key}"
            if name not in self._there:
                target = self.root() / kind / key
                (send_resumable if kind == "data" else RemoteHost.send_folder)(host, target, files)
                self._there[name] = target
            return self._there[name]

    @property
    def address(self) -> str:
        """The address at which other nodes reach it.

        Raises
        ------
        UserError
            If it cannot be reached.
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
        """Tell the machine's scheduler, if it has one, that the run in a folder is still running."""
        self._machine.occupy(run)

    def schedule_removal(self, run: Path) -> None:
        """Schedule the removal of a fetched run's folder on the machine. Several are removed at once."""
        self._home.put(run)

    def _clear(self) -> None:
        """Remove folders of fetched runs. What fails is left for `vivero nodes clean`."""
        with self._clearing:
            runs = []
            with contextlib.suppress(queue.Empty):
                while True:
                    runs.append(self._home.get_nowait())
            if not runs:
                return
            try:
                self.call("node.cleanup", "forget", runs=list(map(str, runs))).result()
            except UserError:  # the connection was just lost
                for run in runs:
                    self._home.put(run)
            except RefusedError:
                return

    def forget_uploads(self) -> None:
        """Forget what was sent, because it was removed."""
        self._there.clear()

    def watch(self) -> None:
        """Run deferred tasks, and give up a connection that has been silent for too long."""
        client, link = self._client, self._link
        if client is None or link is None or not client.is_alive:
            return
        if time.monotonic() - client.last_message > timeouts.seconds("cut_link"):
            link.close()
            return
        if not self._home.empty() and not self._clearing.locked():
            self._in_background(self._clear)
        if self._deferred and not self._running_deferred.locked():
            self._in_background(self._run_deferred)

    def _in_background(self, what: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=what, name=f"{what.__name__} {self.name}", daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        """Remove the folders of fetched runs, and disconnect."""
        if self.is_connected:
            self._in_background(self._clear).join(timeouts.seconds("last_removals"))
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
    """Return the key of the worker's folder, whose content does not change during a controller's life."""
    return hash_files(WORKER, _files_of_worker())
