"""Composes a step: the composition of its pipeline with the settings that the step changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.config.composition import Composition
from runner.config.pipeline_settings import StepConfig
from runner.errors import UserError
from runner.pipelines.planning.references import OUTPUT, STEP, found_in, replaced

_STAGES = ["prepare", "scale", "run", "finalize"]
_OF_THE_PIPELINE = ("pipeline", "sweep", "endpoint", "model", "stages", "detach", "hydra")


def compose_step(name: str, pipeline: Mapping[str, Any], written: Mapping[str, Any], step: StepConfig) -> Composition:
    """Return the composition of a step.

    Parameters
    ----------
    name : str
        The step's name, for messages.
    pipeline : mapping
        The pipeline's composition, interpolations as written.
    written : mapping
        The step's settings, interpolations as written.
    step : StepConfig
        The same, resolved.

    Raises
    ------
    UserError
        If it does not compose, naming the step.
    """
    from runner.config.messages.explained import explained
    from runner.pipelines.planning.sections import composition_of

    with explained(f"pipeline.steps.{name}"):
        return composition_of(name, _merged(pipeline, written, step))


def _merged(pipeline: Mapping[str, Any], written: Mapping[str, Any], step: StepConfig) -> dict[str, Any]:
    settings = {key: value for key, value in pipeline.items() if key not in _OF_THE_PIPELINE}
    settings["job"] = {key: value for key, value in settings["job"].items() if (key, value) != ("source", "")}
    for group in ("job", "data"):
        settings[group] = _over(settings[group], written.get(group) or {})
    for group in ("environment", "compute"):
        settings[group] = _option(group, settings[group], written.get(group))
    settings["data"] = _data(settings, written.get("parallel"))
    settings["job"] = replaced(settings["job"], STEP, "${{input:{}}}".format)
    settings["pipeline"] = _over(
        {"parameters": pipeline["pipeline"].get("parameters", {})}, written.get("pipeline") or {}
    )
    settings["stages"] = [*_STAGES, "register"] if step.model else _STAGES
    settings["model"] = _over(_unnamed(pipeline["model"]), written.get("model") or {})
    return settings


def _unnamed(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the pipeline's model that also apply to a step's model."""
    return {key: value for key, value in model.items() if key not in ("name", "path", "promote_if", "description")}


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two nested mappings. Values of `above` take precedence."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _over(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _option(group: str, below: Mapping[str, Any], given: Any) -> dict[str, Any]:
    """Return the environment or compute of a step: the pipeline's with changes, or one of another kind."""
    if given is None:
        return dict(below)
    if not isinstance(given, Mapping):
        raise UserError(f"{group} must be a mapping or the name of an option, not {given}")
    if given.get("kind", below["kind"]) == below["kind"]:
        return _over(below, given)
    return dict(given)


def _data(settings: Mapping[str, Any], parallel: Any) -> dict[str, Any]:
    """Return the data settings of a step, with the inputs and outputs that only its command refers to."""
    data, job = settings["data"], settings["job"]
    for section in ("inputs", "outputs"):
        if not isinstance(data.get(section) or {}, Mapping):
            raise UserError(f"data.{section} must be a mapping, not {data[section]}")
    inputs, outputs = dict(data.get("inputs") or {}), dict(data.get("outputs") or {})
    for name, given in inputs.items():
        if isinstance(given, str) and (match := STEP.fullmatch(given)):
            inputs[name] = {"step": match[1]}
    named = [job.get("arguments"), job.get("command"), job.get("environment_variables")]
    inputs |= {text: {"step": text} for text in found_in([*named, parallel], STEP)}
    outputs |= {name: None for name in found_in(named, OUTPUT) if name not in outputs}
    return {**data, "inputs": inputs, "outputs": outputs}
