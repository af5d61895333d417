"""The stages of a pipeline's run, in the place of those of a script's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from runner.execution.context import RunContext
from runner.execution.metrics import last_values
from runner.io.json_records import read_lines
from runner.pipelines.controller.ancestry import inputs_before
from runner.pipelines.controller.conductor import StepsConductor
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.store import read_steps
from runner.records import FinalizeRecord, MetricLine, RegisterRecord, ResultRecord, RunRecord
from runner.stages.register import register

Stage = Callable[[RunContext, RunRecord], Any]


def stages_of(resources: StepResources) -> Mapping[str, Stage]:
    """Return the stages of a pipeline that differ from a script's: run, finalize and register."""

    def run(context: RunContext, record: RunRecord) -> ResultRecord:
        return StepsConductor(context, record, resources).run()

    def register_model(context: RunContext, record: RunRecord) -> RegisterRecord | None:
        return _register(context, record, resources)

    return {"run": run, "finalize": finalize, "register": register_model}


def finalize(context: RunContext, _record: RunRecord) -> FinalizeRecord:
    """Return the metrics of all steps, as ``STEP.METRIC``. Their outputs are with their own runs."""
    return FinalizeRecord(metrics=last_values(read_lines(context.run.metrics, MetricLine)))


def _register(context: RunContext, record: RunRecord, resources: StepResources) -> RegisterRecord | None:
    """Register the model of the step that the pipeline names, with the metrics and inputs of the whole pipeline."""
    pipeline = context.spec.pipeline
    assert pipeline is not None  # noqa: S101 - the context is a pipeline's
    name = pipeline.model.get("step")
    step = read_steps(context.run).get(str(name))
    if step is None or step.run is None:
        return None
    plan = next(one.plan for one in context.steps if one.name == name)
    ran = context.runs.read(step.run)
    below = resources.context_of(plan, ran)
    below.spec = dataclasses.replace(below.spec, model=context.spec.model)
    below.say = context.say
    metrics = {
        **(ran.finalize.metrics if ran.finalize else {}),
        **(record.finalize.metrics if record.finalize else {}),
    }
    properties = {**ran.properties, **record.properties, "pipeline": record.id, "step": step.name}
    prepared = ran.prepare
    if prepared is not None:
        inputs = {**inputs_before(context.layout, context.run, step.name), **prepared.inputs}
        prepared = dataclasses.replace(prepared, inputs=inputs)
    ran = dataclasses.replace(
        ran,
        properties=properties,
        prepare=prepared,
        finalize=dataclasses.replace(ran.finalize or FinalizeRecord(), metrics=metrics),
    )
    return register(below, ran)
