"""Chooses the adapters by the kinds a composition names. The only importer of adapters."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.computes import compute_kind
from runner.config.schema import RunSpec
from runner.execution.context import RestoredRun, RunContext
from runner.execution.plan import Plan, Step
from runner.layout import Layout
from runner.ports import Compute, Environment, Host, Machines, Say
from runner.records import RunRecord
from runner.statuses import PREPARING

if TYPE_CHECKING:
    from runner.config.endpoint_settings import EndpointSettings
    from runner.endpoints.deploy import Deployed, Deployer
    from runner.endpoints.servers import Servers
    from runner.endpoints.store import EndpointStore
    from runner.pipelines.controller.resources import StepResources
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


def _environment_for(spec: RunSpec, layout: Layout, base: Path, *, apart: bool) -> Environment:
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


def make_context(
    spec: RunSpec,
    layout: Layout,
    record: RunRecord,
    base: Path,
    *,
    say: Say,
    restored: RestoredRun | None = None,
    compute: Compute | None = None,
    steps: tuple[Step, ...] = (),
    resources: StepResources | None = None,
) -> RunContext:
    """Return everything that one run needs. It gets its own compute unless `compute` is given.

    The steps of a pipeline get resources of their own unless they share them with other pipelines.
    """
    from runner.store.git import git_state
    from runner.store.inputs import InputStore
    from runner.store.registry import FileRegistry
    from runner.store.runs import FileRunStore
    from runner.store.snapshots import FileSnapshotStore

    compute = compute or make_compute(spec.compute, base, say=say)
    limits, registry = spec.job.snapshot, FileRegistry(layout)
    deployer = partial(make_deployer, layout, registry, say)

    def deploy(reference: str, settings: EndpointSettings) -> Deployed:
        from runner.endpoints.deploy import Target  # which imports an HTTP client, and few runs deploy

        return deployer().deploy(Target(reference), settings)

    return RunContext(
        spec=spec,
        layout=layout,
        run=layout.run(record.experiment, record.id),
        base=base,
        runs=FileRunStore(layout),
        registry=registry,
        snapshots=FileSnapshotStore(
            layout,
            max_bytes=int(limits.max_megabytes * 2**20),
            max_files=limits.max_files,
            allow_secrets=list(limits.allow_secrets),
        ),
        inputs=InputStore(layout),
        environment=_environment_for(spec, layout, base, apart=compute.apart),
        compute=compute,
        say=say,
        deploy=deploy,
        preflight=lambda settings, model, python: deployer().preflight(settings, model, python),
        look_at_git=git_state,
        restored_from=restored,
        steps=steps,
        stages=_stages(spec, base, compute, steps, resources) if steps else None,
    )


def _stages(
    spec: RunSpec, base: Path, compute: Compute, steps: tuple[Step, ...], resources: StepResources | None
) -> Mapping[str, Callable[[RunContext, RunRecord], Any]]:
    from runner.pipelines.controller.stages import stages_of  # few runs are pipelines
    from runner.pipelines.planning.graph import width

    if resources is None:
        most = spec.pipeline.max_concurrent if spec.pipeline is not None else None
        at_once = min(width({one.name: one.needs for one in steps}), most or len(steps))
        resources = make_step_resources(base, compute, repr(spec.compute), at_once)
    return stages_of(resources)


def make_step_resources(base: Path, compute: Compute, settings: str, at_once: int) -> StepResources:
    """Return what the steps of one pipeline share: a compute of each kind, snapshots and environments.

    Parameters
    ----------
    settings : str
        The settings that `compute` was made of.
    at_once : int
        How many steps can go at once and share the cores.
    """
    from runner.execution.shared import Shared
    from runner.pipelines.controller.resources import StepResources

    shared, computes, guard = Shared(), {settings: compute}, threading.Lock()

    def compute_of(config: Any) -> Compute:
        with guard:
            if repr(config) not in computes:
                computes[repr(config)] = make_compute(config, base, say=_quiet)
            return computes[repr(config)]

    def context_of(plan: Plan, record: RunRecord) -> RunContext:
        return make_context(
            plan.spec, plan.layout, record, plan.base,
            say=_quiet, compute=compute_of(plan.spec.compute), steps=plan.steps, resources=resources,
        )  # fmt: skip

    def new_run(plan: Plan, properties: Mapping[str, Any]) -> tuple[RunRecord, RunContext]:
        record = new_record(plan)
        record = dataclasses.replace(record, properties={**record.properties, **properties})
        context = shared.between(context_of(plan, record))
        together = min(at_once, context.compute.slots)
        return record, dataclasses.replace(context, show_output=False, at_a_time=together if together > 1 else None)

    resources = StepResources(new_run, context_of)
    return resources


def _quiet(_line: str) -> None:
    """Take a line of a step, which is in the step's own log."""


def new_record(plan: Plan) -> RunRecord:
    """Return the record of a run that is about to begin."""
    from runner.access.permissions import user_name
    from runner.io.clock import now

    job = plan.spec.job
    return RunRecord(
        id=plan.run_id,
        experiment=plan.experiment,
        status=PREPARING,
        created=now(),
        display_name=job.display_name,
        description=job.description,
        tags=dict(job.tags),
        user=user_name(),
        config={**plan.config, "base": str(plan.base)},
        overrides=plan.overrides,
    )


def run_plan(plan: Plan, restored: RestoredRun | None = None, *, rerun_of: str | None = None) -> int:
    """Execute a plan, showing what happens, and return the process's exit code."""
    from runner.console.progress import Progress
    from runner.session import conduct

    progress = Progress()
    record = new_record(plan)
    record = dataclasses.replace(record, rerun_of=restored.run_id if restored is not None else rerun_of)
    note = plan.layout.create(plan.spec.workspace.shared)
    if note is not None:
        progress.say(note)
    context = make_context(
        plan.spec, plan.layout, record, plan.base, say=progress.say, restored=restored, steps=plan.steps
    )
    try:
        return conduct(context, record, plan.yaml, progress)
    finally:
        context.compute.close()


def resume_plan(plan: Plan) -> int:
    """Continue the pipeline of a plan, which has the id of its run, and return the process's exit code."""
    from runner.console.progress import Progress
    from runner.session import resume

    progress = Progress()
    record = new_record(plan)
    context = make_context(plan.spec, plan.layout, record, plan.base, say=progress.say, steps=plan.steps)
    try:
        return resume(context, record.id, progress)
    finally:
        context.compute.close()


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
