"""A checked plan of each step of a pipeline."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.config.composition import Composition
from runner.config.pipeline_settings import PipelineConfig, StepConfig, read_step
from runner.config.schema import RunSpec
from runner.errors import UserError, nearest
from runner.execution.plan import Plan, Step
from runner.io.names import check_name
from runner.pipelines.parallel.settings import read_division
from runner.pipelines.planning.composing import compose_step
from runner.pipelines.planning.graph import chosen, in_order
from runner.pipelines.planning.references import ALL_OUTPUTS, Reference, read_reference

MakePlan = Callable[[Composition], Plan]


@dataclass(frozen=True)
class _Composed:
    """A step's settings and its composition."""

    settings: StepConfig
    composition: Composition
    references: tuple[Reference, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps that must complete first."""
        return tuple(dict.fromkeys([*(reference.step for reference in self.references), *self.settings.needs]))


def plan_steps(composed: Composition, written: Mapping[str, Any], make: MakePlan) -> tuple[Step, ...]:
    """Check the steps of a pipeline and return them in an order in which each comes after those it needs.

    Parameters
    ----------
    composed : Composition
        The pipeline's composition.
    written : mapping
        The same as plain data, interpolations as written.
    make : callable
        Makes the plan of a step's composition.

    Raises
    ------
    UserError
        If any setting is invalid, a reference cannot be resolved, or the steps form a cycle.
    """
    pipeline = composed.spec.pipeline
    assert pipeline is not None  # noqa: S101 - the caller has looked
    _check_settings(composed.spec, pipeline)
    composed_steps = {name: _compose(name, given, written) for name, given in pipeline.steps.items()}
    needs = {name: step.needs for name, step in composed_steps.items()}
    order = in_order(needs)
    selected = chosen(needs, pipeline.only, pipeline.from_step)
    steps = {
        name: _step(name, composed_steps[name], make, selected=name in selected, force=pipeline.force) for name in order
    }
    for name, step in composed_steps.items():
        for reference in step.references:
            _check_reference(f"pipeline.steps.{name}", reference, steps)
    return tuple(steps.values())


def _check_settings(spec: RunSpec, pipeline: PipelineConfig) -> None:
    """Refuse settings that cannot apply to a pipeline."""
    if spec.detach:
        raise UserError("detach=true has no effect on a pipeline", "Remove it, or start the pipeline in the background")
    if pipeline.max_concurrent is not None and pipeline.max_concurrent < 1:
        raise UserError(f"pipeline.max_concurrent={pipeline.max_concurrent} must be at least 1")


def _compose(name: str, given: Any, written: Mapping[str, Any]) -> _Composed:
    check_name(name, "step name (pipeline.steps)")
    if "." in name:
        raise UserError(f"'{name}' cannot be a step name (pipeline.steps)", "A reference has a dot after the step")
    settings = read_step(name, given)
    steps = written["pipeline"]["steps"]
    written_step = steps.get(name) if isinstance(steps, Mapping) else None
    composition = compose_step(name, written, written_step if isinstance(written_step, Mapping) else given, settings)
    references = []
    for key, config in composition.spec.data.inputs.items():
        if config.step is None:
            continue
        if config.path is not None:
            raise UserError(f"pipeline.steps.{name}: data.inputs.{key} has more than one source")
        reference = read_reference(config.step)
        if reference is None:
            raise UserError(
                f"pipeline.steps.{name}: ${{step:{config.step}}} is not an output of a step (data.inputs.{key})",
                "Write ${step:STEP.OUTPUT}",
            )
        references.append(reference)
    return _Composed(settings, composition, tuple(references))


def _check_reference(place: str, reference: Reference, steps: Mapping[str, Step]) -> None:
    """Refuse a reference to an output that no step declares, including the steps of nested pipelines."""
    step, above = steps[reference.step], reference.step
    for name in reference.below:
        inner = {inner_step.name: inner_step for inner_step in step.plan.steps}
        if name not in inner:
            what = f"has no step '{name}'" if inner else "is not a pipeline"
            raise UserError(f"{place}: ${{step:{reference.text}}}: step '{above}' {what}", nearest(name, inner))
        step, above = inner[name], f"{above}.{name}"
    if step.plan.steps:
        raise UserError(
            f"{place}: ${{step:{reference.text}}}: step '{above}' is a pipeline",
            f"Name one of its steps: ${{step:{above}.STEP.OUTPUT}}",
        )
    outputs = step.plan.spec.data.outputs
    if reference.output != ALL_OUTPUTS and reference.output not in outputs:
        raise UserError(
            f"{place}: step '{above}' has no output '{reference.output}'",
            nearest(reference.output, outputs) if outputs else f"Pass ${{output:{reference.output}}} to its script",
        )


def _step(name: str, composed: _Composed, make: MakePlan, *, selected: bool, force: bool) -> Step:
    composition = dataclasses.replace(composed.composition, spec=copy.deepcopy(composed.composition.spec))
    try:
        plan = make(composition)
    except UserError as mistake:
        raise UserError(f"pipeline.steps.{name}: {mistake.message}", mistake.hint) from None
    settings = composed.settings
    division = read_division(name, settings, plan.spec.data.inputs)
    return Step(
        name=name,
        plan=plan,
        needs=composed.needs,
        asked=selected,
        reuse=settings.reuse and not force,
        retries=settings.retries,
        parallel=dataclasses.asdict(division) if division is not None else None,
    )
