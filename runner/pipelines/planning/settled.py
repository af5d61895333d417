"""The composition of a pipeline with its model in the usual place and the options that its steps name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from runner.config.composition import Composition, dump_yaml
from runner.config.pipeline_settings import PipelineConfig
from runner.config.schema import ModelConfig
from runner.errors import UserError, nearest, nearest_key
from runner.pipelines.planning.groups import with_options


class Settled(NamedTuple):
    """A pipeline's composition, and the same as plain data with interpolations as written."""

    composition: Composition
    written: Mapping[str, Any]


def settled(composed: Composition) -> Settled:
    """Return the composition that the steps of a pipeline start from.

    Raises
    ------
    UserError
        If a step names an option that does not exist, or ``pipeline.model`` is invalid.
    """
    import yaml

    written = yaml.load(composed.yaml, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - the safe one
    pipeline = composed.spec.pipeline
    assert pipeline is not None  # noqa: S101 - the caller has looked
    _check_model(pipeline)
    options: dict[tuple[str, str], Any] = {}
    model = {key: value for key, value in pipeline.model.items() if key != "step"}
    spec = dataclasses.replace(
        composed.spec,
        pipeline=dataclasses.replace(pipeline, steps=with_options(pipeline.steps, options)),
        model=_model(composed.spec.model, model),
    )
    plain = _changed(composed.plain, options, model)
    written = _changed(written, options, model)
    return Settled(Composition(spec, plain, dump_yaml(written)), written)


def _check_model(pipeline: PipelineConfig) -> None:
    """Refuse a model of a step that does not exist, and unknown keys."""
    model = pipeline.model
    known = ["step", *(field.name for field in dataclasses.fields(ModelConfig))]
    for key in model:
        if key not in known:
            raise UserError(f"Unknown key 'pipeline.model.{key}'", nearest_key(f"pipeline.model.{key}", known))
    if not model:
        return
    step = model.get("step")
    if not isinstance(step, str) or step not in pipeline.steps:
        what = f"step '{step}' does not exist" if step else "it names no step"
        raise UserError(f"pipeline.model: {what}", nearest(str(step or ""), pipeline.steps))
    if not model.get("name"):
        raise UserError("pipeline.model has no name", "Set pipeline.model.name=NAME")
    given = pipeline.steps[step]
    if isinstance(given, Mapping) and given.get("parallel"):
        raise UserError(f"pipeline.model: step '{step}' runs over pieces", "Name a step that writes one model")


def _model(below: Any, given: Mapping[str, Any]) -> Any:
    if not given:
        return below
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(below), dict(given)))
    except OmegaConfBaseException as error:
        from runner.config.messages.mistakes import as_user_error

        mistake = as_user_error(error) or UserError(str(error))
        raise UserError(f"pipeline.model: {mistake.message}", mistake.hint) from None


def _changed(plain: Mapping[str, Any], options: dict[tuple[str, str], Any], model: Mapping[str, Any]) -> dict[str, Any]:
    pipeline, steps = plain["pipeline"], plain["pipeline"]["steps"]
    if isinstance(steps, Mapping):
        pipeline = {**pipeline, "steps": with_options(steps, options)}
    return {**plain, "pipeline": pipeline, "model": {**plain["model"], **model}}
