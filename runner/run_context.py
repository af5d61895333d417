"""Builds the context of a run, and the resources that the steps of a pipeline share."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.schema import RunSpec
from runner.execution.context import RestoredRun, RunContext
from runner.execution.plan import Plan, Step
from runner.layout import Layout
from runner.ports.compute import Compute
from runner.ports.say import Say
from runner.records import RunRecord
from runner.statuses import PREPARING, RUNNING
from runner.wiring import environment_for, make_compute, make_deployer

if TYPE_CHECKING:
    from runner.config.endpoint_settings import EndpointSettings
    from runner.endpoints.deploy import Deployed
    from runner.execution.context import Stage
    from runner.pipelines.controller.resources import StepResources


def new_record(plan: Plan) -> RunRecord:
    """Return the record of a run that is about to begin."""
    from runner.access.permissions import user_name
    from runner.io.clock import now

    job = plan.spec.job
    return RunRecord(
        id=plan.run_id,
        experiment=plan.experiment,
        status=RUNNING if plan.steps else PREPARING,  # a pipeline prepares nothing itself
        created=now(),
        display_name=job.display_name,
        description=job.description,
        tags=dict(job.tags),
        user=user_name(),
        config={**plan.config, "base": str(plan.base)},
        overrides=plan.overrides,
    )


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
    """Return everything that one run needs. It gets its own compute, which it closes, unless `compute` is given.

    The steps of a pipeline get resources of their own unless they share them with other pipelines.
    """
    from runner.store.git import git_state
    from runner.store.inputs import InputStore
    from runner.store.registry import FileRegistry
    from runner.store.runs import FileRunStore
    from runner.store.snapshots import FileSnapshotStore

    closing = ExitStack()
    if compute is None:
        compute = make_compute(spec.compute, base, say=say)
        closing.callback(compute.close)
    limits, registry = spec.job.snapshot, FileRegistry(layout)
    deployer = partial(make_deployer, layout, registry, say)

    def deploy(reference: str, settings: EndpointSettings) -> Deployed:
        from runner.endpoints.target import Target  # which imports an HTTP client, and few runs deploy

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
        environment=environment_for(spec, layout, base, apart=compute.apart),
        compute=compute,
        say=say,
        deploy=deploy,
        preflight=lambda settings, model, python: deployer().preflight(settings, model, python),
        look_at_git=git_state,
        restored_from=restored,
        steps=steps,
        stages=_stages(spec, base, compute, steps, resources, closing) if steps else None,
        closing=closing,
    )


def _stages(
    spec: RunSpec, base: Path, compute: Compute, steps: tuple[Step, ...], resources: StepResources | None,
    closing: ExitStack,
) -> Mapping[str, Stage]:  # fmt: skip
    from runner.pipelines.controller.stages import stages_of  # few runs are pipelines
    from runner.pipelines.planning.graph import width

    if resources is None:
        most = spec.pipeline.max_concurrent if spec.pipeline is not None else None
        at_once = min(width({step.name: step.needs for step in steps}), most or len(steps))
        resources = make_step_resources(base, compute, repr(spec.compute), at_once, closing)
    return stages_of(resources)


def make_step_resources(base: Path, compute: Compute, settings: str, at_once: int, closing: ExitStack) -> StepResources:
    """Return what the steps of one pipeline share: a compute of each kind, snapshots and environments.

    Parameters
    ----------
    settings : str
        The settings that `compute` was made from.
    at_once : int
        How many steps can run at once and share the cores.
    closing : ExitStack
        Closes the computes of steps with other settings.
    """
    from runner.execution.shared import Shared
    from runner.pipelines.controller.resources import StepResources

    shared, computes, guard = Shared(), {settings: compute}, threading.Lock()

    def compute_of(config: Any) -> Compute:
        with guard:
            if repr(config) not in computes:
                computes[repr(config)] = made = make_compute(config, base, say=_quiet)
                closing.callback(made.close)
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
    """Discard a line of a step. The step's own log has it."""
