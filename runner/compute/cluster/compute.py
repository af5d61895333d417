"""The machines of a cluster as one compute."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner.compute.cluster import stored_job
from runner.compute.cluster.job import NodeJob
from runner.compute.cluster.job_spec import Tree, inputs_of, order_for
from runner.compute.cluster.node import Node
from runner.compute.cluster.node_pool import Nodes
from runner.compute.cluster.scaling import RunCluster
from runner.errors import UserError
from runner.execution.cores import thread_share
from runner.hosts.remote.client import RefusedError
from runner.hosts.remote.link import UnreachableError
from runner.io.json_records import read_record
from runner.io.locks import is_locked
from runner.layout import Layout, NodeLayout, RunLayout
from runner.ports.compute import Job
from runner.ports.environment import EnvironmentHandle
from runner.ports.host import Host
from runner.ports.machines import Machine, Machines
from runner.ports.say import Say
from runner.records import OrderRecord, ResultRecord, ScaleRecord
from runner.worker import job_order, timeouts
from runner.worker.job_order import JobOrder

_AHEAD = "ahead."

Restore = Callable[[Host], EnvironmentHandle]


class ClusterCompute:
    """A cluster of machines, which are connected on demand.

    Parameters
    ----------
    config : SshComputeConfig or DaskComputeConfig
        The cluster's settings.
    machines : Machines
        Finds the cluster's machines.
    several : bool
        Whether many runs will follow, so that it is worth waiting for all nodes.
    say : Say
        Receives lines of progress.
    """

    apart = True

    def __init__(self, config: Any, machines: Machines, *, several: bool, say: Say) -> None:
        self._config, self._machines, self._several, self._say = config, machines, several, say
        self._warm = config.warm is not False
        self._nodes_made: Nodes | None = None
        self._handles: dict[tuple[str, str], EnvironmentHandle] = {}
        self._trees: dict[str, Tree] = {}
        self._making = threading.Lock()
        self._closing: list[Callable[[], None]] = []
        self._building: dict[tuple[str, str], threading.Lock] = {}

    @property
    def nodes(self) -> Nodes:
        """The nodes, without connecting them."""
        with self._making:
            if self._nodes_made is None:
                config = self._config
                self._nodes_made = Nodes(self._machines, self._node, config.min_nodes, config.max_nodes, self._say)
            return self._nodes_made

    def _node(self, machine: Machine) -> Node:
        return Node(machine, self._config)

    @property
    def slots(self) -> int:
        """Number of concurrent runs on the nodes known so far."""
        return self.nodes.slots()

    def host(self) -> Host:
        """Return the first node that answers, which represents all of them.

        Raises
        ------
        UserError
            If fewer nodes are up than ``min_nodes``. `UnreachableError` if they may come back.
        """
        return self.nodes.first().host()

    def scale(self) -> ScaleRecord:
        """Connect the nodes. Nodes that are down are named and skipped.

        Raises
        ------
        UserError
            If fewer are up than ``min_nodes``.
        """
        up = self.nodes.wait_for_nodes(timeouts.seconds("other_nodes") if self._several else 0)
        return ScaleRecord(compute=self._config.kind, nodes=tuple(node.name for node in up), slots=self.slots)

    def share(self, at_a_time: int) -> dict[str, str]:  # noqa: ARG002 - the port's shape
        """Return nothing, because the share depends on the run's node; see `_share`."""
        return {}

    def warm_up(self, run_folder: Path, handle: EnvironmentHandle) -> None:
        """Start prefork interpreters on all nodes that are up. Errors are ignored, because a run would report them."""
        if self._warm and not self._config.scale_out and not handle.attended:
            for node in self.nodes.wait_for_nodes(0):
                threading.Thread(target=self._warm_up, args=(node, RunLayout(run_folder), handle), daemon=True).start()

    def _warm_up(self, node: Node, run: RunLayout, handle: EnvironmentHandle) -> None:
        with contextlib.suppress(UserError, OSError, RefusedError):
            name = f"{_AHEAD}{secrets.token_hex(6)}"
            brief = self._brief(run, handle, node, name)
            place = str(NodeLayout(node.root()).run(name).root)
            node.call("node.run", "warm_up", run=place, **brief).result()

    def submit(self, run_folder: Path, handle: EnvironmentHandle) -> Job:
        """Run on a node with a free slot. For a detached run, return once it has started.

        Raises
        ------
        UserError
            If a detached run ended before it started.
        """
        run = RunLayout(run_folder)
        leave = read_record(run.order, OrderRecord).detach
        job = self._job(run, lambda node, name: self._brief(run, handle, node, name), leave=leave)
        job.begin()
        if leave:
            while not job.wait(1.0):
                continue
            if run.result.exists():
                raise UserError(str(read_record(run.result, ResultRecord).reason))
        return job

    def attach(self, run_folder: Path, restore: Restore) -> Job | None:
        """Return the job of a run that is on a node or is being fetched from one, otherwise None."""
        run = RunLayout(run_folder)
        if not is_locked(run.attendant_lock) and (run.result.exists() or stored_job.read(run) is None):
            return None
        return self._job(run, lambda node, name: self._brief(run, restore(node.host()), node, name))

    def _job(self, run: RunLayout, brief: Callable[[Node, str], dict[str, Any]], *, leave: bool = False) -> NodeJob:
        def fitting(node: Node, name: str) -> dict[str, Any]:
            try:
                return brief(node, name)
            except UnreachableError:
                raise
            except UserError as mistake:
                if not self.nodes.has_other(node):
                    raise
                self.nodes.exclude(node, str(mistake))
                raise UnreachableError(str(mistake)) from None

        return NodeJob(run, self.nodes, fitting, self._config, self._say, leave=leave, changed=self._forget_handles)

    def _brief(self, run: RunLayout, handle: EnvironmentHandle, node: Node, name: str) -> dict[str, Any]:
        """Send a node what a run needs, and return its job spec."""
        node_handle = self._handle(handle, node)
        order = job_order.read(str(run.root))
        tree = self._tree(run, order.snapshot)
        node.send_folder("snapshots", tree.key, tree.content)
        inputs = {place: node.send_folder("data", key, content) / name for place, key, name, content in inputs_of(run)}
        node_order = order_for(
            order, tree.key, (run.root, NodeLayout(node.root()).run(name).root), (handle, node_handle)
        )
        node_order = node_order.replace(variables={**self._share(order.at_a_time, node), **node_order.variables})
        scaled = self._config.scale_out and not name.startswith(_AHEAD)
        if scaled:
            node_order = self._scaled(tree, handle, node, name, node_order)
        root = node.root()
        return {
            "order": node_order.to_json(),
            "inputs": {name: place.relative_to(root).as_posix() for name, place in inputs.items()},
            "slots": node.slots,
            "idle": self._config.idle_seconds_before_scaledown,
            "warm": self._warm and not handle.attended and not scaled,  # for joblib to be imported with the cluster
        }

    def _share(self, at_a_time: int | None, node: Node) -> dict[str, str]:
        """Return the variables that limit a run to its share of a node's cores; none for a single run."""
        if at_a_time is None:
            return {}
        at_once = math.ceil(node.slots * at_a_time / max(1, self.slots))
        return thread_share(node.cores, min(at_once, node.slots))

    def _tree(self, run: RunLayout, digest: str) -> Tree:
        if digest not in self._trees:
            self._trees[digest] = Tree.stored(Layout(run.root.parent.parent.parent).snapshot(digest))
        return self._trees[digest]

    def _scaled(self, tree: Tree, handle: EnvironmentHandle, node: Node, name: str, order: JobOrder) -> JobOrder:
        """Start a Dask cluster for a run, and return its order with the variables by which the script finds it."""
        script = order.script or ""

        def ready(candidate: Node) -> tuple[EnvironmentHandle, str]:
            source = candidate.send_folder("snapshots", tree.key, tree.content) / "files"
            try:
                candidate.call("node.run_folder", "check_snapshot", tree=tree.key).result()
            except RefusedError as refused:
                candidate.forget_uploads()
                raise UserError(f"{candidate.name}: {refused}") from None
            return self._handle(handle, candidate), os.pathsep.join([str((source / script).parent), str(source)])

        scaled = RunCluster(name, node, self.nodes.up, ready, self._say)
        cluster_variables = scaled.begin()
        self._closing.append(scaled.end)
        before = order.variables.get("PYTHONPATH")
        paths = [str(node.worker() / "scaled"), *([before] if before else [])]
        return order.replace(variables={**order.variables, **cluster_variables, "PYTHONPATH": os.pathsep.join(paths)})

    def _handle(self, handle: EnvironmentHandle, node: Node) -> EnvironmentHandle:
        """Return an environment on a node, building it if necessary."""
        key = (node.name, handle.record.key)
        with self._making:
            lock = self._building.setdefault(key, threading.Lock())
        with lock:
            node_handle = self._handles.get(key)
            if node_handle is None or not node.is_connected:
                node_handle = handle.on(node.host(), self._say)
                if not node_handle.attended and self._was_changed(node_handle, node):
                    node_handle = handle.on(node.host(), self._say)
                self._handles[key] = node_handle
            return node_handle

    def _was_changed(self, handle: EnvironmentHandle, node: Node) -> bool:
        """Return whether an environment on a node has changed, and report it; it is then rebuilt."""
        prefix = str(Path(handle.argv(["python"])[0]).parent.parent)
        changed = node.call("node.run_folder", "check_environment", prefix=prefix).result()["changed"]
        if changed:
            self._say(f"Environment {handle.record.key[:12]} on {node.name} is damaged ({changed} changed)")
        return bool(changed)

    def _forget_handles(self, node: Node) -> None:
        """Check a node's environments again, because a run has changed one."""
        for key in [key for key in list(self._handles) if key[0] == node.name]:
            self._handles.pop(key, None)

    def close(self) -> None:
        """Disconnect from the nodes. Runs continue, and prefork interpreters stay for a while."""
        for end in self._closing:
            end()
        if self._nodes_made is not None:
            self._nodes_made.close()
