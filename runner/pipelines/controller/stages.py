"""The stages of a pipeline's run that differ from those of a script's run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial

from runner.execution.context import RunContext, Stage
from runner.execution.metrics import last_values
from runner.execution.plan import Plan, Step
from runner.io.json_records import read_lines
from runner.pipelines.controller.ancestry import inputs_before
from runner.pipelines.controller.conductor import StepsConductor
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.store import read_steps
from runner.records import FinalizeRecord, MetricLine, RegisterRecord, ResultRecord, RunRecord
from runner.stages.register import register
from runner.statuses import FINALIZING, RUNNING


def stages_of(resources: StepResources) -> Mapping[str, Stage]:
    """Return the stages of a pipeline that differ from a script's: run, finalize and register."""

    def run(context: RunContext, record: RunRecord) -> ResultRecord:
        return StepsConductor(context, record, resources, partial(_parallel, resources)).run()

    def register_model(context: RunContext, record: RunRecord) -> RegisterRecord | None:
        return _register(context, record, resources)

    stages = (
        Stage("run", RUNNING, "Running", run),
        Stage("finalize", FINALIZING, "Finalizing", finalize, recorded=False),
        Stage("register", FINALIZING, "Registering", register_model),
    )
    return {stage.name: stage for stage in stages}


def _parallel(resources: StepResources, step: Step, plan: Plan) -> Mapping[str, Stage]:
    from runner.pipelines.parallel.stages import parallel_stages  # few steps are parallel

    return parallel_stages(step, plan, resources)


def finalize(context: RunContext, _record: RunRecord) -> FinalizeRecord:
    """Return the metrics of all steps as ``STEP.METRIC``. The outputs stay with the runs of the steps."""
    return FinalizeRecord(metrics=last_values(read_lines(context.run.metrics, MetricLine)))


def _register(context: RunContext, record: RunRecord, resources: StepResources) -> RegisterRecord | None:
    """Register the model of the step that the pipeline names, with the metrics and inputs of the whole pipeline."""
    pipeline = context.spec.pipeline
    assert pipeline is not None  # noqa: S101 - the context is a pipeline's
    name = pipeline.model.get("step")
    step = read_steps(context.run).get(str(name))
    if step is None or step.run is None:
        return None
    plan = next(planned.plan for planned in context.steps if planned.name == name)
    step_run = context.runs.read(step.run)
    step_context = resources.context_of(plan, step_run)
    step_context.spec = dataclasses.replace(step_context.spec, model=context.spec.model)
    step_context.say = context.say
    metrics = {
        **(step_run.finalize.metrics if step_run.finalize else {}),
        **(record.finalize.metrics if record.finalize else {}),
    }
    properties = {**step_run.properties, **record.properties, "pipeline": record.id, "step": step.name}
    prepared = step_run.prepare
    if prepared is not None:
        inputs = {**inputs_before(context.layout, context.run, step.name), **prepared.inputs}
        prepared = dataclasses.replace(prepared, inputs=inputs)
    step_run = dataclasses.replace(
        step_run,
        properties=properties,
        prepare=prepared,
        finalize=dataclasses.replace(step_run.finalize or FinalizeRecord(), metrics=metrics),
    )
    return register(step_context, step_run)
