"""The composed configuration as typed objects, plain data and YAML."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from runner.config.data_settings import check_data
from runner.config.limits.references import start_counting
from runner.config.schema import GROUPS, RunSpec
from runner.config.targets import check_targets
from runner.errors import UserError, nearest_key

PROGRAM = str(Path(__file__).resolve().parents[1] / "worker" / "training")  # trains what a composition declares
SCRIPT = "train.py"

_BOOLEANS = frozenset(["y", "yes", "n", "no", "true", "false", "on", "off"])


@dataclass(frozen=True)
class Composition:
    """A composed configuration without Hydra's own settings.

    Parameters
    ----------
    spec : RunSpec
        As objects.
    plain : Mapping
        As plain data, interpolations resolved.
    yaml : str
        As composed, interpolations as written.
    """

    spec: RunSpec
    plain: Mapping[str, Any]
    yaml: str


def read_composition(config: DictConfig) -> Composition:
    """Convert a composition to all its forms.

    Raises
    ------
    UserError
        If it does not follow the schema.
    OmegaConfBaseException
        If a value is missing or cannot be resolved.
    """
    _check_added_keys(config)  # first, since a misspelt +experiment leaves required keys without a value
    start_counting()
    plain = OmegaConf.to_container(config, resolve=True)
    assert isinstance(plain, dict)  # noqa: S101 - a composition is a mapping
    check_plain(plain)  # first, since required keys may have no value
    start_counting()
    spec = OmegaConf.to_object(config)
    if not isinstance(spec, RunSpec):
        raise UserError("The configuration does not follow the schema", "Keep schema/run@_here_ in its defaults list")
    return Composition(spec, {str(key): value for key, value in plain.items()}, as_yaml(config))


def check_plain(plain: Mapping[Any, Any]) -> None:
    """Check a resolved composition, or some of its sections.

    Raises
    ------
    UserError
        If it names a class where none belongs, or its inputs or outputs have another form.
    """
    check_targets(plain)  # a reference can produce one that is in no file
    check_data(plain.get("data"))


def complete_source(config: DictConfig) -> None:
    """Set the source of a composition that names none: a pipeline's steps have their own, an estimator has ours."""
    if not OmegaConf.is_missing(config.job, "source"):
        return
    if OmegaConf.select(config, "pipeline.steps"):
        config.job.source = ""
    elif OmegaConf.select(config, "estimator"):
        config.job.source, config.job.script = PROGRAM, SCRIPT
    elif OmegaConf.select(config, "train.data") is not None:
        raise UserError("train.data has no effect without an estimator", "For example: estimator=random_forest")


def _check_added_keys(config: DictConfig) -> None:
    """Refuse top-level keys that look like misspelt ones of ours. Users may add others, to refer to."""
    ours = {*(field.name for field in dataclasses.fields(RunSpec)), *GROUPS, "hydra"}
    for key in set(map(str, config)) - ours:
        import difflib  # here, because it is rarely needed

        if difflib.get_close_matches(key, ours, 1, 0.8):
            raise UserError(f"Unknown key '{key}'", nearest_key(key, ours))


def as_yaml(config: DictConfig) -> str:
    """Return a composition as YAML, like ``OmegaConf.to_yaml``."""
    return dump_yaml(as_plain(config))


def as_plain(config: DictConfig) -> dict[str, Any]:
    """Return a composition as plain data, interpolations as written."""
    plain = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    assert isinstance(plain, dict)  # noqa: S101 - a composition is a mapping
    return {str(key): value for key, value in plain.items()}


def section_object(config: DictConfig, key: str) -> Any:
    """Return a section of a composition as an object, with interpolations resolved."""
    value = config[key]
    return OmegaConf.to_object(value) if OmegaConf.is_config(value) else value


def section_plain(config: DictConfig, key: str) -> Any:
    """Return a section as plain data, with interpolations resolved."""
    value = config[key]
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def section_text(config: DictConfig, key: str) -> str:
    """Return a section as YAML, interpolations as written."""
    node = written_value(config, key)
    plain = OmegaConf.to_container(node, resolve=False, enum_to_str=True) if OmegaConf.is_config(node) else node
    return dump_yaml({key: plain})


def written_value(config: DictConfig, key: str) -> Any:
    """Return a value as written, which may be a reference or missing."""
    return next(node for _, node in config.items_ex(resolve=False, keys=[key]))


def dump_yaml(plain: Any) -> str:
    """Return plain data as YAML, like ``OmegaConf.to_yaml`` but ten times as fast if libyaml is available.

    Characters beyond the Basic Multilingual Plane are then escaped.
    """
    import yaml

    if not hasattr(yaml, "CDumper"):
        return OmegaConf.to_yaml(OmegaConf.create(plain))
    text: str = yaml.dump(plain, default_flow_style=False, allow_unicode=True, sort_keys=False, Dumper=_dumper())
    return text


@functools.cache
def _dumper() -> Any:
    """Return libyaml's dumper, with quotes around texts that OmegaConf would read as another type."""
    import yaml

    class Dumper(yaml.CDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        quoted = value.lower() in _BOOLEANS or _is_number(value)
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="'" if quoted else None)

    Dumper.add_representer(str, text)
    return Dumper


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True
