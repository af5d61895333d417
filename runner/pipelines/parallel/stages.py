"""The stages of a step that runs over pieces: divide the input, run the pieces, join their outputs."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.config.data_settings import InputConfig
from runner.config.validation.composition import source_folder
from runner.execution.context import RunContext, Stage
from runner.execution.plan import Plan, Step, new_run_id
from runner.io.folders import remove_tree
from runner.pipelines.controller.resources import StepResources
from runner.pipelines.parallel.conductor import PiecesConductor
from runner.pipelines.parallel.entry_script import has_entry
from runner.pipelines.parallel.joining import PieceOutputs, join
from runner.pipelines.parallel.pieces import Piece, divide
from runner.pipelines.parallel.settings import ROWS, Division
from runner.pipelines.store import read_steps
from runner.records import FinalizeRecord, ResultRecord, RunRecord
from runner.stages.finalize import finalize as finalize_outputs
from runner.statuses import COMPLETED, FINALIZING, RUNNING
from runner.store.data.store import DataStore


def parallel_stages(step: Step, plan: Plan, resources: StepResources) -> Mapping[str, Stage]:
    """Return the stages of a step's run that differ from a script's: run and finalize."""
    assert step.parallel is not None  # noqa: S101 - the caller has looked
    division = Division(**step.parallel)
    failed_items: list[tuple[int, int]] = []

    def run(context: RunContext, record: RunRecord) -> ResultRecord:
        source = _source(context, context.spec.data.inputs[division.input])
        pieces = divide(source, division, context.run.pieces)
        context.steps = _steps(step, plan, pieces, division, context)
        items = {piece.name: piece.items for piece in pieces}
        conductor = PiecesConductor(context, record, resources, items, division.error_threshold)
        result = conductor.run()
        failed_items.append((conductor.failed_items, sum(items.values())))
        return result

    def finalize(context: RunContext, record: RunRecord) -> FinalizeRecord:
        notes = list[str]()
        if record.run is not None and record.run.status == COMPLETED:
            notes = join(_outputs(context), division.append_to, context.run.outputs)
            remove_tree(context.run.pieces)
        finalized = finalize_outputs(context, record)
        metrics = dict(finalized.metrics)
        for failed, total in failed_items:
            metrics |= {"items": total, "failed_items": failed}
        return dataclasses.replace(finalized, metrics=metrics, notes=(*finalized.notes, *notes))

    stages = (Stage("run", RUNNING, "Running", run), Stage("finalize", FINALIZING, "Finalizing", finalize))
    return {stage.name: stage for stage in stages}


def _source(context: RunContext, settings: InputConfig) -> Path:
    if settings.asset is not None:
        store = DataStore(context.layout)
        return store.path(store.resolve(settings.asset))
    return (context.base / str(settings.path)).expanduser()


def _steps(
    step: Step, plan: Plan, pieces: Sequence[Piece], division: Division, context: RunContext
) -> tuple[Step, ...]:
    script = plan.spec.job.script
    called = script is not None and has_entry(source_folder(plan.spec, plan.base) / script)
    steps, used = list[Step](), set[str]()
    for piece in pieces:
        spec = copy.copy(plan.spec)
        outputs = {name: dataclasses.replace(output, asset=None) for name, output in plan.spec.data.outputs.items()}
        spec.data = dataclasses.replace(plan.spec.data, inputs=_inputs(context, division, piece), outputs=outputs)
        run_id = new_run_id(plan.experiment)
        while run_id in used:
            run_id = new_run_id(plan.experiment)
        used.add(run_id)
        steps.append(
            Step(
                name=piece.name,
                plan=dataclasses.replace(plan, spec=spec, run_id=run_id),
                reuse=step.reuse,
                retries=step.retries,
                batch=_batch(division, piece) if called else None,
            )
        )
    return tuple(steps)


def _inputs(context: RunContext, division: Division, piece: Piece) -> dict[str, InputConfig]:
    """Return the inputs of a piece. A container gets a copy, because it cannot follow links to files outside it."""
    inputs = dict(context.spec.data.inputs)
    mode = "copy" if context.spec.environment.kind == "docker" else inputs[division.input].mode
    filename = inputs[division.input].filename
    inputs[division.input] = InputConfig(path=str(piece.path), mode=mode, filename=filename)
    return inputs


def _batch(division: Division, piece: Piece) -> dict[str, Any]:
    return {
        "input": division.input,
        "rows": division.unit == ROWS,
        "delimiter": piece.delimiter,
        "append_to": division.append_to,
    }


def _outputs(context: RunContext) -> list[PieceOutputs]:
    """Return the outputs of the completed pieces, in the order of the input."""
    outputs, steps = [], read_steps(context.run)
    for step in context.steps:
        step_record = steps.get(step.name)
        if step_record is None or step_record.status != COMPLETED or step_record.run is None:
            continue
        record = context.runs.read(step_record.run)
        files = [file.path for file in record.finalize.outputs] if record.finalize else []
        folder = context.layout.run(record.experiment, record.id).outputs
        outputs.append(PieceOutputs(step.name, folder, files, dict(record.properties)))
    return outputs
