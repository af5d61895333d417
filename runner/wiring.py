"""Chooses the adapters for the kinds that a composition names. No other module imports adapters."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.computes import compute_kind
from runner.config.schema import RunSpec
from runner.layout import Layout
from runner.ports.compute import Compute
from runner.ports.environment import Environment
from runner.ports.host import Host
from runner.ports.machines import Machines
from runner.ports.say import Say

if TYPE_CHECKING:
    from runner.endpoints.deploy import Deployer
    from runner.endpoints.servers import Servers
    from runner.endpoints.store import EndpointStore
    from runner.store.registry import FileRegistry


def make_environment(config: Any, layout: Layout, base: Path, more: tuple[str, ...] = ()) -> Environment:
    """Return the adapter for an environment's settings; `more` are additional packages."""
    return _ENVIRONMENTS[config.kind](config, layout, base, more)


def _current(config: Any, layout: Layout, _base: Path, more: tuple[str, ...]) -> Environment:
    from runner.environments.current import CurrentEnvironment

    return CurrentEnvironment(layout, config.allow_drift, partial(_restored, layout, more))


def _restored(layout: Layout, more: tuple[str, ...], packages: list[str], python: str) -> Environment:
    from runner.environments.venv import VenvEnvironment

    return VenvEnvironment(layout, packages=[*packages, *more], python=python)


def _venv(config: Any, layout: Layout, base: Path, more: tuple[str, ...]) -> Environment:
    from runner.environments.venv import VenvEnvironment

    return VenvEnvironment(
        layout,
        packages=[*config.packages, *more],
        requirements=config.requirements,
        conda_file=config.conda_file,
        python=config.python,
        python_match=config.python_match,
        upgrade=config.upgrade,
        base=base,
    )


def _conda(config: Any, layout: Layout, base: Path, _more: tuple[str, ...]) -> Environment:
    from runner.environments.conda.environment import CondaEnvironment

    return CondaEnvironment(
        layout,
        file=config.file,
        packages=list(config.packages),
        pip=list(config.pip),
        python=config.python,
        channels=list(config.channels),
        channel_priority=config.channel_priority,
        upgrade=config.upgrade,
        base=base,
    )


def _docker(config: Any, layout: Layout, base: Path, _more: tuple[str, ...]) -> Environment:
    from runner.environments.docker.environment import DockerEnvironment

    return DockerEnvironment(layout, config, base)


_ENVIRONMENTS = {"current": _current, "venv": _venv, "conda": _conda, "docker": _docker}


def environment_for(spec: RunSpec, layout: Layout, base: Path, *, apart: bool) -> Environment:
    """Return the environment of a run, on this machine or, with `apart`, on another one."""
    more = scaling_packages(spec.compute)
    if apart and spec.environment.kind in ("conda", "docker"):
        from runner.environments.remote.environment import RemoteEnvironment

        config = spec.environment
        if config.kind == "conda":
            config = dataclasses.replace(config, pip=[*config.pip, *more])
        return RemoteEnvironment(layout, config, base)
    return make_environment(spec.environment, layout, base, more)


def scaling_packages(compute: Any) -> tuple[str, ...]:
    """Return the packages that a run's environment needs to spread one fit over many machines."""
    return ("distributed", "bokeh") if getattr(compute, "scale_out", False) else ()


def make_compute(config: Any, base: Path, *, several: bool = False, say: Say = print) -> Compute:
    """Return the adapter for a compute's settings; with `several`, it may keep what runs of one script share."""
    return compute_kind(config.kind).make(config, base, several=several, say=say)


def make_machines(config: Any, base: Path) -> Machines | None:
    """Return the machines of a cluster without connecting to them, or None for another compute.

    Raises
    ------
    UserError
        If the settings are invalid.
    """
    find = compute_kind(config.kind).machines
    return find(config, base) if find is not None else None


def make_servers(kind: str, layout: Layout, say: Say) -> Servers:
    """Return the adapter that serves endpoints of a kind."""
    from runner.endpoints.store import EndpointStore

    return _SERVERS[kind](EndpointStore(layout), layout, say)


def _processes(store: EndpointStore, layout: Layout, say: Say) -> Servers:
    from runner.endpoints.local import LocalServers

    return LocalServers(store, partial(serving_environment, layout), local_host(), say)


def _containers(store: EndpointStore, layout: Layout, say: Say) -> Servers:
    from runner.endpoints.docker.servers import ContainerServers
    from runner.store.registry import FileRegistry

    return ContainerServers(store, FileRegistry(layout), partial(serving_image, layout), local_host(), say)


_SERVERS = {"local": _processes, "docker": _containers}


def make_deployer(layout: Layout, registry: FileRegistry, say: Say) -> Deployer:
    """Return the deployer for this workspace's endpoints."""
    from runner.endpoints.deploy import Deployer

    return Deployer(layout, registry, lambda kind: make_servers(kind, layout, say))


def serving_environment(layout: Layout, packages: list[str], python: str) -> Environment:
    """Return the environment that a model and the server share."""
    from runner.environments.venv import VenvEnvironment

    return VenvEnvironment(layout, packages=packages, python=python)


def serving_lock(layout: Layout, packages: list[str], python: str, say: Say) -> str:
    """Return the lock of that environment, with hashes."""
    from runner.environments.interpreters import Interpreters
    from runner.environments.requirements.lock import resolve
    from runner.environments.requirements.spec import gather

    host, spec = local_host(), gather(packages, None, None, python, base=Path(), say=say)
    return resolve(layout, host, spec, Interpreters(layout, host).find(python), upgrade=False, say=say)


def serving_image(layout: Layout, packages: list[str], python: str, base_image: str | None) -> Environment:
    """Return the environment that a model and the server share, in an image."""
    from runner.config.schema import DockerEnvironmentConfig, ImageSpecConfig
    from runner.environments.docker.environment import DockerEnvironment

    spec = ImageSpecConfig(packages=packages, python=python)
    return DockerEnvironment(layout, DockerEnvironmentConfig(base_image=base_image, spec=spec))


def local_host() -> Host:
    """Return this machine."""
    from runner.hosts.local import LocalHost

    return LocalHost()
