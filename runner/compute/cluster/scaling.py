"""A Dask cluster over the nodes for one run: started before it, ended with it."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from runner.compute.cluster.certificates import make_certificates
from runner.compute.cluster.node import Node
from runner.errors import UserError
from runner.hosts.remote.host import RemoteHost
from runner.hosts.remote.tunnel import Tunnel
from runner.layout import BOOTSTRAP, NodeLayout
from runner.ports.environment import EnvironmentHandle
from runner.ports.say import Say
from runner.worker import timeouts

_BEGINS = 60.0  # seconds for the scheduler to start
_TICK = 0.05
_MOST = 32  # nodes that join at a time
_ALLOWED = 3  # worker deaths until a task is given up

Ready = Callable[[Node], tuple[EnvironmentHandle, str]]
"""Prepares a node for the run. Returns the environment on it, and the search path for the script's modules."""


class RunCluster:
    """The cluster of one run.

    Parameters
    ----------
    name : str
        The name of the run's folder on its node.
    home : Node
        The run's own node, which runs the scheduler.
    others : callable
        Returns the nodes that are up.
    ready : Ready
        Prepares a node.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, name: str, home: Node, others: Callable[[], list[Node]], ready: Ready, say: Say) -> None:
        self._name, self._home, self._others, self._ready, self._say = name, home, others, ready, say
        self._certificates = make_certificates()
        self._there: set[str] = set()
        self._reported: set[str] = set()
        self._workers = 0
        self._joining: set[str] = set()
        self._guard, self._over = threading.Lock(), threading.Event()
        self._tunnel: Tunnel | None = None

    def begin(self) -> dict[str, str]:
        """Start scheduler and workers, and return the environment variables by which the script finds them.

        Raises
        ------
        UserError
            If the scheduler does not start.
        """
        run = NodeLayout(self._home.root()).run(self._name).root
        facts = {"host": self._home.address, "run": str(run), "allowed_failures": _ALLOWED}
        folder = self._start(self._home, "scheduler", facts)
        self._address, dashboard = self._wait(folder)
        pool = ThreadPoolExecutor(_MOST, "joins")
        wait([pool.submit(self._join, node) for node in self._others()], timeouts.seconds("engine_join"))
        pool.shutdown(wait=False)  # a node whose environment must be built first joins later
        threading.Thread(target=self._maintain, name=f"cluster of {self._name}", daemon=True).start()
        self._show(dashboard)
        return {"VIVERO_ENGINE": str(folder), "VIVERO_ENGINE_WORKERS": str(max(1, self._workers))}

    def _maintain(self) -> None:
        """Start workers on the other nodes and on nodes that come back; report workers that have ended."""
        while not self._over.wait(timeouts.seconds("engine_look")):
            if self._is_there(self._home, "scheduler") is False:
                return self.end()
            for node in self._others():
                if node.name in self._there and self._is_there(node, "worker") is False:
                    self._tell(node, f"no longer has workers: {self._last_line(node)}")
                    self._there.discard(node.name)
                if node.name not in self._there:
                    self._join(node)

    def _is_there(self, node: Node, kind: str) -> bool | None:
        """Return whether a part of the cluster is alive, or None if its node does not answer."""
        try:
            return node.host().exists(self._folder(node, kind) / "engine.json")
        except (UserError, OSError):
            return None

    def _last_line(self, node: Node) -> str:
        with contextlib.suppress(UserError):
            return _last_line(node.host(), self._folder(node, "worker"))
        return "it does not answer"

    def _join(self, node: Node) -> None:
        with self._guard:
            if node.name in self._there or node.name in self._joining:
                return
            self._joining.add(node.name)
        facts = {"scheduler": self._address, "node": node.name, "slots": node.slots}
        try:
            self._start(node, "worker", facts)
            with self._guard:
                self._workers += node.slots
        except (UserError, OSError) as mistake:
            self._tell(node, f"is not part of the cluster: {mistake}")
        with self._guard:
            self._joining.discard(node.name)
            self._there.add(node.name)

    def _tell(self, node: Node, what: str) -> None:
        """Report something about a node, once."""
        if node.name not in self._reported:
            self._reported.add(node.name)
            self._say(f"{node.name} {what}")

    def _start(self, node: Node, kind: str, facts: dict[str, Any]) -> Path:
        """Start a part of the cluster on a node, with the run's own source to import from."""
        handle, source = self._ready(node)
        folder, host = self._folder(node, kind), node.host()
        host.remove(folder)
        host.put_files({"engine.json": json.dumps(facts).encode(), **self._certificates}, folder)
        program = [str(node.worker() / BOOTSTRAP.name), "node.engine"]
        variables = {**handle.variables(), "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
        log = folder.with_name(f"{folder.name}.log")
        host.spawn([*handle.argv(["python"]), "-s", *program, kind, str(folder)], log, variables)
        return folder

    def _folder(self, node: Node, kind: str) -> Path:
        return node.root() / "engines" / f"{self._name}.{kind}"

    def _wait(self, folder: Path) -> tuple[str, int | None]:
        host, until = self._home.host(), time.monotonic() + _BEGINS
        while not host.exists(folder / "address.json"):
            if not host.exists(folder / "engine.json") or time.monotonic() > until:
                raise UserError(f"The Dask cluster did not start on {self._home.name}: {_last_line(host, folder)}")
            time.sleep(_TICK)
        scheduler = json.loads(host.read(folder / "address.json"))
        return str(scheduler["address"]), scheduler["dashboard"]

    def _show(self, port: int | None) -> None:
        """Make the dashboard available on this machine during the run."""
        if port is not None:
            self._tunnel = Tunnel(self._home, port)
            self._say(f"Dask dashboard: http://127.0.0.1:{self._tunnel.port}/status")

    def end(self) -> None:
        """Stop maintaining the cluster, which ends by itself, and close the tunnel to its dashboard."""
        self._over.set()
        if self._tunnel is not None:
            self._tunnel.close()


def _last_line(host: RemoteHost, folder: Path) -> str:
    """Return the last line of a log of the cluster."""
    with contextlib.suppress(OSError):
        lines = host.read(folder.with_name(f"{folder.name}.log")).decode(errors="replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "no output"
