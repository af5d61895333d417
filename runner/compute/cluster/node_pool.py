"""The nodes of a cluster: availability, slots and reconnection."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence

from runner.compute.cluster.node import Node
from runner.errors import UserError
from runner.hosts.remote.link import UnreachableError
from runner.ports.machines import Machine, Machines
from runner.ports.say import Say
from runner.worker import timeouts

_TICK = 0.05
_MOMENT = 0.5
_FULL = 0.3  # seconds until a node without free slots is asked again


class Nodes:
    """All nodes of a cluster.

    Parameters
    ----------
    machines : Machines
        Finds the machines.
    node : callable
        Creates the node for a machine.
    min_nodes : int
        How many nodes must be up before anything starts.
    max_nodes : int or None
        How many nodes are used at most.
    say : Say
        Receives lines of progress.
    """

    def __init__(
        self, machines: Machines, node: Callable[[Machine], Node], min_nodes: int, max_nodes: int | None, say: Say
    ) -> None:
        self._machines, self._node, self._say = machines, node, say
        self._min_nodes, self._max_nodes = max(1, min_nodes), max_nodes
        self._nodes: list[Node] = []
        self._taken: dict[str, int] = {}
        self._full: dict[str, float] = {}
        self._unfit: dict[str, str] = {}
        self._tried: dict[str, float] = {}
        self._trying: set[str] = set()
        self._named: set[str] = set()
        self._reported: set[str] = set()
        self._change = threading.Condition()
        self._opened = self._closed = False
        self._first: str | None = None  # where environments are prepared

    def first(self) -> Node:
        """Return a node that is up, once enough nodes are up.

        Raises
        ------
        UnreachableError
            If nodes were up before but are not now; they may come back.
        UserError
            If none was ever up, with the reason for each.
        """
        try:
            self._open()
        except UnreachableError as error:  # no node was up before
            raise UserError(error.message, error.hint) from None
        with self._change:
            self._change.wait_for(lambda: len(self._up()) >= self._min_nodes or not self._trying)
            if self._first is not None:
                self._change.wait_for(lambda: len(self._up()) >= self._min_nodes, timeouts.seconds("node_return"))
            # The first node most likely has what a run needs, so wait a little longer for it.
            self._change.wait_for(lambda: not self._trying or self._nodes[0].is_connected, _MOMENT)
            up = self._up()
            if len(up) >= self._min_nodes:
                self._first = self._first or up[0].name
                return next((node for node in up if node.name == self._first), up[0])
        raise self._too_few(len(up))

    def wait_for_nodes(self, seconds: float) -> list[Node]:
        """Return the nodes that are up. Waits up to `seconds` for the others, and reports those that are down."""
        self.first()
        with self._change:
            self._change.wait_for(lambda: not self._trying, seconds)
            for node in self._nodes:
                if not node.is_connected and (seconds or node.trouble is not None):
                    self._name(node)
            return self._up()

    def slots(self) -> int:
        """Return the number of concurrent runs if all usable nodes are up."""
        down = [node for node in self._nodes if not node.is_connected and node.name not in self._unfit]
        return sum(node.slots for node in (self._up() + down)[: self._max_nodes])

    def take(self, stop: Callable[[], bool]) -> Node | None:
        """Reserve a slot and return its node; wait for one until `stop` is true.

        Raises
        ------
        UserError
            If no usable node is left.
        """
        self._open()
        while not stop():
            with self._change:
                if self._nodes and len(self._unfit) == len(self._nodes):
                    raise UserError("; ".join(dict.fromkeys(self._unfit.values())))
                free = [node for node in self._up() if self._has_room(node)]
                if free:
                    node = min(free, key=self._preference)
                    self._taken[node.name] = self._taken.get(node.name, 0) + 1
                    return node
                self._change.wait(_TICK)
        return None

    def reserve(self, name: str) -> Node | None:
        """Reserve a slot for a run that is already on a node, and return the node, or None if it is unknown."""
        self._open(patient=True)
        machine = self._machines.named(name)
        if machine is None:
            return None
        with self._change:
            self._add([machine])
            self._taken[name] = self._taken.get(name, 0) + 1
            return next(node for node in self._nodes if node.name == name)

    def release(self, node: Node) -> None:
        """Release a reserved slot."""
        with self._change:
            self._taken[node.name] -= 1
            self._change.notify_all()

    def full(self, node: Node) -> None:
        """Note that other controllers hold a node's slots."""
        with self._change:
            self._full[node.name] = time.monotonic() + _FULL

    def exclude(self, node: Node, why: str) -> None:
        """Stop using a node."""
        with self._change:
            if node.name not in self._unfit:
                self._say(f"{node.name} is skipped: {why}")
            self._unfit[node.name] = why
            self._change.notify_all()

    def has_other(self, than: Node) -> bool:
        """Return whether a run could continue on another node."""
        return any(node is not than for node in self._up())

    def up(self) -> list[Node]:
        """Return the nodes in use."""
        with self._change:
            return self._up()

    def report_deferred(self) -> None:
        """Report, once, unreachable nodes that were lost with a run."""
        with self._change:
            for node in self._nodes:
                if node.deferred and not node.is_connected and node.name not in self._reported:
                    self._reported.add(node.name)
                    self._say(f"a lost run may still be running on {node.name}. To end it: vivero nodes clean")

    def close(self) -> None:
        """Disconnect all nodes."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for node in self._nodes:
            node.close()
        self._machines.close()

    def _open(self, *, patient: bool = False) -> None:
        """Start monitoring the nodes. With `patient`, it does not matter if none can be found yet."""
        with self._change:
            if self._opened:
                return
            try:
                self._add(self._machines.find())
            except UnreachableError:
                if not patient:
                    raise
            self._opened = True
        threading.Thread(target=self._monitor, name="nodes", daemon=True).start()

    def _add(self, machines: Sequence[Machine]) -> None:
        known = {node.name for node in self._nodes}
        for machine in machines:
            if machine.name not in known:
                node = self._node(machine)
                self._nodes.append(node)
                self._try(node)

    def _monitor(self) -> None:
        """Detect silent nodes and retry those that are down. A node that comes back is used again."""
        while not self._closed:
            for node in list(self._nodes):
                node.watch()
            try:
                machines = self._machines.find()
            except UserError:  # known nodes stay in use, and callers that wait for one report it
                machines = []
            with self._change:
                self._add(machines)
                self._change.wait_for(
                    lambda: self._closed, timeouts.seconds("node_look")
                )  # not each time a slot becomes free
                for node in self._nodes:
                    due = time.monotonic() - self._tried.get(node.name, 0.0) > timeouts.seconds("node_return")
                    if not node.is_connected and node.name not in self._unfit and due and not self._closed:
                        self._try(node)

    def _try(self, node: Node) -> None:
        if node.name not in self._trying:
            self._trying.add(node.name)
            threading.Thread(target=self._connect, args=(node,), name=f"to {node.name}", daemon=True).start()

    def _connect(self, node: Node) -> None:
        try:
            node.host()
        except UnreachableError:
            pass
        except UserError as mistake:  # unknown key, login rejected: not temporary
            self.exclude(node, str(mistake))
        except Exception as error:  # noqa: BLE001 - an internal error must not leave other threads waiting
            traceback.print_exc()
            self.exclude(node, f"internal error: {type(error).__name__}: {error}")
        with self._change:
            self._tried[node.name] = time.monotonic()
            self._trying.discard(node.name)
            if node.is_connected and node.name in self._named:
                self._named.discard(node.name)
                self._say(f"{node.name} is back")
            self._change.notify_all()

    def _name(self, node: Node) -> None:
        if node.name not in self._named and node.name not in self._unfit:
            self._named.add(node.name)
            self._say(f"{node.trouble or f'{node.name} does not answer'}: continuing without it")

    def _up(self) -> list[Node]:
        up = [node for node in self._nodes if node.is_connected and node.name not in self._unfit]
        return up[: self._max_nodes]

    def _preference(self, node: Node) -> tuple[float, bool]:
        """Return the sort key for choosing a node: reserved slots, then whether it lacks the environment."""
        return self._taken.get(node.name, 0) / node.slots, node.name != self._first

    def _has_room(self, node: Node) -> bool:
        return self._taken.get(node.name, 0) < node.slots and self._full.get(node.name, 0) < time.monotonic()

    def _too_few(self, up: int) -> UserError:
        reasons = [
            self._unfit.get(node.name) or str(node.trouble or f"{node.name} does not answer")
            for node in self._nodes
            if node not in self._up()
        ]
        wanted = "" if self._min_nodes == 1 else f"only {up} of compute.min_nodes={self._min_nodes} nodes are up: "
        kind = UserError if self._first is None else UnreachableError
        return kind(wanted + "; ".join(reasons), "See: vivero nodes check")
