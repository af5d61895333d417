"""The nodes of a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from runner.errors import UserError

if TYPE_CHECKING:
    from runner.api.workspace import Workspace
    from runner.compute.cluster.node import Node
    from runner.compute.cluster.preflight import Finding
    from runner.config.schema import RunSpec
    from runner.ports.machines import Machines

T = TypeVar("T")
_LATEST = 200  # runs that are looked at for the clusters they used
_SHIPPED = ("local", "ssh", "dask")  # they name no machine until somebody fills them in
_composing = threading.Lock()  # Hydra composes one configuration of a process at a time


def known_clusters(workspace: Workspace) -> list[tuple[str, ...]]:
    """Return the words that name clusters: the computes in the configuration folders, and what runs were given."""
    from runner.config.schema import CONF

    folders = [Path(CONF), *([Path(given)] if (given := os.environ.get("VIVERO_CONFIG_DIR")) else [])]
    names = [path.stem for folder in folders for path in sorted((folder / "compute").glob("*.yaml"))]
    clusters: list[tuple[str, ...]] = [(f"compute={name}",) for name in names if name not in _SHIPPED]
    for overrides in _latest_overrides(workspace):
        words = tuple(word for word in overrides if word.startswith(("compute=", "compute.")))
        # Of sweeps and of a schedule, a compute may be one of several: that is no one cluster.
        if words and words != ("compute=local",) and not any("," in word.partition("[")[0] for word in words):
            clusters.append(words)
    return list(dict.fromkeys(clusters))


def _latest_overrides(workspace: Workspace) -> Iterator[Sequence[str]]:
    for run in workspace.runs(limit=_LATEST, archived=True):
        with contextlib.suppress(UserError):  # its record is damaged, which the list of runs says
            yield run.record.overrides


def look(overrides: Sequence[str]) -> list[dict[str, Any]]:
    """Return the state of each node of a cluster.

    Raises
    ------
    UserError
        If the compute has no nodes, or the words cannot be composed.
    """
    spec = compose_cluster(overrides, None)
    machines, nodes = find_machines(spec), list["Node"]()
    try:
        nodes = nodes_of(machines, spec)
        return [dataclasses.asdict(finding) for finding in look_at_each(nodes)]
    finally:
        for node in nodes:
            node.close()
        machines.close()


def compose_cluster(overrides: Sequence[str], config_dir: Path | None) -> RunSpec:
    """Return the composition. Only its compute and environment matter."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf, open_dict

    from runner.config.messages.explained import explained
    from runner.config.schema import CONF, HYDRA_VERSION, RunSpec, register_schemas
    from runner.execution.planning import register_resolvers

    register_schemas()
    register_resolvers()
    search = [f"hydra.searchpath=[file://{config_dir.absolute()}]"] if config_dir is not None else []
    with (
        explained(),
        _composing,
        initialize_config_dir(config_dir=CONF, job_name="runner", version_base=HYDRA_VERSION),
    ):
        config = compose("config", [*search, *overrides])
        with open_dict(config):
            config.job.source = "."
        spec = OmegaConf.to_object(config)
    assert isinstance(spec, RunSpec)  # noqa: S101 - the composition starts from one
    return spec


def find_machines(spec: RunSpec, action: str = "") -> Machines:
    """Return what knows the machines of a cluster.

    Raises
    ------
    UserError
        If the compute has no nodes; `action` is the word of the command to show in an example.
    """
    from runner.wiring import make_machines

    machines = make_machines(spec.compute, Path.cwd())
    if machines is None:
        example = f"vivero nodes {action} compute=lab".replace("  ", " ")
        raise UserError(f"compute={spec.compute.kind} does not have nodes", f"Name a cluster, for example: {example}")
    return machines


def nodes_of(machines: Machines, spec: RunSpec) -> list[Node]:
    """Return the nodes, to none of which it connects."""
    from runner.compute.cluster.node import Node

    return [Node(machine, spec.compute) for machine in machines.find()]


def ask_each(nodes: Sequence[Node], ask: Callable[[Node], T]) -> list[T]:
    """Query all nodes concurrently."""
    with ThreadPoolExecutor(max(1, len(nodes))) as pool:
        return list(pool.map(ask, nodes))


def look_at_each(nodes: Sequence[Node]) -> list[Finding]:
    """Return what is found out about each node."""
    from runner.compute.cluster.preflight import look_at

    return ask_each(nodes, look_at)
