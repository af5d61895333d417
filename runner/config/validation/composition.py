"""Checks of a composition that the schema cannot express. The first problem is reported in one line."""

from __future__ import annotations

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from runner.config.arguments import argument_words
from runner.config.computes import COMPUTES, compute_kind
from runner.config.endpoint_settings import EndpointSettings
from runner.config.paths import absolute, similar_file
from runner.config.schema import ENVIRONMENTS, REGISTERED, STAGE_NAMES, ModelConfig, RunSpec, is_pipeline
from runner.config.validation.data import check_data_settings
from runner.errors import UserError, nearest, nearest_key
from runner.execution.promotion import read_condition
from runner.io.names import check_key
from runner.store.registry import check_model_file

MATCHES = ("patch", "minor")  # how closely a Python must match the requested version


def check_spec(spec: RunSpec, base: Path) -> None:
    """Check what the schema cannot say.

    Raises
    ------
    UserError
        At the first problem.
    """
    _check_section(spec, "")
    _check_stages(spec.stages)
    _check_kind(spec.environment, ENVIRONMENTS, "environment")
    match = getattr(spec.environment, "python_match", MATCHES[0])
    if match not in MATCHES:
        raise UserError(f"environment.python_match={match} is not valid", nearest(match, MATCHES))
    _check_kind(spec.compute, COMPUTES, "compute")
    compute_kind(spec.compute.kind).check(spec, base)
    if not is_pipeline(spec):
        _check_job(spec, base)
    check_data_settings(spec, base)
    _check_environment_files(spec.environment, base)
    if spec.model.name is not None:
        check_key("model.name", spec.model.name)
        if spec.model.framework not in ("ScikitLearn", "Custom"):
            raise UserError(
                f"model.framework={spec.model.framework} is not valid",
                nearest(spec.model.framework, ["ScikitLearn", "Custom"]),
            )
    _check_resources(spec.model)
    if spec.model.register not in REGISTERED:
        raise UserError(f"model.register={spec.model.register} is not valid", nearest(spec.model.register, REGISTERED))
    if spec.model.promote_if is not None:
        read_condition(spec.model.promote_if)
    if spec.endpoint is not None and "deploy" in spec.stages:
        _check_endpoint(spec.endpoint, spec.model)


def _check_resources(model: ModelConfig) -> None:
    for name in ("cpu", "memory_gb"):
        if not getattr(model.resources, name) > 0:
            raise UserError(f"model.resources.{name}={getattr(model.resources, name):g} must be above 0")
    if model.path is not None and (Path(model.path).is_absolute() or ".." in Path(model.path).parts):
        raise UserError(f"model.path={model.path} is outside the run", "Give a path such as outputs/model.pkl")
    if model.path is not None:
        check_model_file(Path(model.path).name, "model.path")


def _check_endpoint(endpoint: EndpointSettings, model: ModelConfig) -> None:
    from runner.endpoints.settings import check_settings

    if model.name is None or model.register == "none":
        raise UserError("endpoint: the run registers no model to serve", "Set model.name=NAME")
    if endpoint.name is not None:
        check_key("endpoint.name", endpoint.name)
    try:
        check_settings(endpoint)
    except UserError as mistake:
        raise UserError(f"endpoint.{mistake.message}", mistake.hint) from None


def _check_section(section: Any, place: str) -> None:
    """Refuse keys that `+` adds to our sections, where nothing would read them, and values of the wrong kind."""
    kinds = _kinds_of(section.__class__)
    for key, value in vars(section).items():
        if key not in kinds and place:  # at the top level, users may add keys to refer to
            raise UserError(f"Unknown key '{place}{key}'", nearest_key(f"{place}{key}", kinds))
        kind = kinds.get(key, _ANY)
        if not isinstance(value, kind.types):
            raise UserError(f"{place}{key}: the value that it refers to is not allowed here")
        if dataclasses.is_dataclass(value):
            _check_section(value, f"{place}{key}.")
        elif kind.texts and value:
            _check_texts(value, f"{place}{key}")


class _Kind(NamedTuple):
    """The container types that a key accepts, and whether their items are texts. OmegaConf checks all other types."""

    types: tuple[type, ...]
    texts: bool


_ANY = _Kind((object,), texts=False)


@functools.cache
def _kinds_of(section: type) -> dict[str, _Kind]:
    """Return the kind of each key of a section."""
    return {name: _kind(hint) for name, hint in typing.get_type_hints(section).items()}


def _kind(hint: Any) -> _Kind:
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    kinds = tuple(typing.get_origin(option) or option for option in options)
    if not any(kind in (dict, list) or dataclasses.is_dataclass(kind) for kind in kinds):
        return _ANY
    return _Kind(kinds, any(typing.get_args(option)[-1:] in ((str,), (str | None,)) for option in options))


def _check_texts(texts: Any, place: str) -> None:
    """Refuse items that OmegaConf does not check when it replaces a whole mapping or list."""
    named = texts.items() if isinstance(texts, dict) else ((f"[{number}]", text) for number, text in enumerate(texts))
    for name, text in named:
        if not isinstance(text, str | None):
            raise UserError(f"{place}{name if name.startswith('[') else f'.{name}'} must be text, not {text}")


def _check_stages(stages: list[str]) -> None:
    for name in stages:
        if name not in STAGE_NAMES:
            raise UserError(f"stages: unknown stage '{name}'", nearest(name, STAGE_NAMES))
    if not stages or tuple(stages) != STAGE_NAMES[: len(stages)]:
        raise UserError(
            f"stages=[{','.join(stages)}] skips a stage that a later one needs",
            f"Give stages from the start of [{','.join(STAGE_NAMES)}], without gaps",
        )


def _check_kind(config: Any, kinds: Mapping[str, type], group: str) -> None:
    kind = getattr(config, "kind", None) if dataclasses.is_dataclass(config) else None
    if kind is None:
        known = " or ".join(f"/schema/{group}/{kind}@_here_" for kind in kinds)
        raise UserError(
            f"The chosen {group} has no schema", f"Add {known} as the first entry of its file's defaults list"
        )
    if kind not in kinds or not isinstance(config, kinds[kind]):
        raise UserError(f"{group}.kind={kind} does not fit its schema", nearest(kind, kinds))


def _check_job(spec: RunSpec, base: Path) -> None:
    source, job = source_folder(spec, base), spec.job
    if job.script is not None and job.command is not None:
        raise UserError(
            "job.script and job.command cannot be combined", "Remove one of them, for example job.script=null"
        )
    if job.script is None and job.command is None:
        raise UserError("A job needs either job.script or job.command", "For example: job.script=train.py")
    if job.command is not None and (not job.command or job.arguments):
        raise UserError(
            "job.command must be a list that holds the whole command",
            "For example: job.command=[python,train.py,--alpha,0.1], without job.arguments",
        )
    _check_script(job.script, source)
    for name in ("max_megabytes", "max_files"):
        if not getattr(job.snapshot, name) > 0:
            raise UserError(f"job.snapshot.{name}={getattr(job.snapshot, name):g} must be above 0")
    _check_patterns(job)
    if not isinstance(job.arguments, dict | list | None):
        raise UserError("job.arguments must be a mapping or a list", "For example: 'job.arguments={alpha: 0.1}'")
    argument_words(job.arguments)
    if job.timeout is not None and job.timeout <= 0:
        raise UserError(
            f"job.timeout={job.timeout:g} must be above 0", "It is a number of seconds; null means no limit"
        )
    for name, pattern in job.metrics.items():
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserError(f"job.metrics.{name} is not a valid regular expression: {error}") from None
    for name, value in job.environment_variables.items():
        if not name or "=" in name or "\0" in name or "\0" in (value or ""):
            raise UserError(f"job.environment_variables: {name!r} is not a valid name or value of a variable")


def _check_script(name: str | None, source: Path) -> None:
    if name is None:
        return
    if Path(name).suffix == ".ipynb":
        raise UserError(
            f"job.script: {name} is a notebook, but a run needs a script",
            f"Convert it: jupyter nbconvert --to script {name}",
        )
    script = source / name
    if not script.resolve().is_relative_to(source) or Path(name).is_absolute():
        raise UserError(f"job.script: {name} is outside the source folder {source}")
    if not script.is_file():
        scripts = [path.name for path in sorted(source.glob("*.py"))]
        what = f"in {source} is not a file" if script.exists() else f"does not exist in {source}"
        raise UserError(f"job.script: {name} {what}", nearest(name, [script for script in scripts if script != name]))


def _check_patterns(job: Any) -> None:
    """Refuse patterns of files that lead out of the script's working directory."""
    for setting, patterns in (("outputs", job.outputs), ("metrics_files", job.metrics_files)):
        for pattern in patterns:
            if not pattern or pattern.startswith(("/", "~")) or ".." in Path(pattern).parts:
                raise UserError(
                    f"job.{setting}: {pattern!r} is outside the script's working directory",
                    "Give a relative path without ..",
                )


def _check_environment_files(environment: Any, base: Path) -> None:
    image = getattr(environment, "spec", None)
    for owner, place in ((environment, "environment"), (image, "environment.spec")):
        for key in ("requirements", "conda_file", "file", "dockerfile", "context"):
            named = getattr(owner, key, None)
            if named is None:
                continue
            path = absolute(base, named)
            if not path.exists():
                raise UserError(f"{place}.{key}: {path} does not exist", similar_file(named, path))


def source_folder(spec: RunSpec, base: Path) -> Path:
    """Return the source folder, resolved.

    Raises
    ------
    UserError
        If it does not exist, is not a folder, or its links are circular.
    """
    path = absolute(base, spec.job.source)
    try:
        resolved = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise UserError(
                f"job.source: the folder {path} does not exist", similar_file(spec.job.source, path)
            ) from None
        raise UserError(f"job.source: {spec.job.source!r} cannot be resolved ({error})") from None
    if not resolved.is_dir():
        raise UserError(
            f"job.source: {path} is not a folder", "Set job.source to the folder and job.script to the file in it"
        )
    return resolved
