"""Refuses what a composition says of Hydra itself that would run something else, or that changes nothing.

Hydra makes objects of ``hydra.callbacks``, ``hydra.sweeper``, ``hydra.launcher`` and the two loggings, whatever class
they name. Here no composition names a class: sweepers and launchers are chosen by the name of an installed plugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.config.limits.yaml_files import TARGET
from runner.errors import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

_LEFT_OUT = "Leave it out"
_CLASSES = frozenset([TARGET, "class", "()"])  # what logging and Hydra take classes from


def check_config_loads() -> None:
    """Check each composition that Hydra's main function loads, before Hydra acts on it."""
    from hydra._internal.config_loader_impl import ConfigLoaderImpl

    load = ConfigLoaderImpl.load_configuration
    if hasattr(load, "__wrapped__"):
        return

    def checked(self: Any, *arguments: Any, **options: Any) -> DictConfig:
        config = load(self, *arguments, **options)
        check_hydra(config)
        return config

    checked.__wrapped__ = load  # type: ignore[attr-defined]
    ConfigLoaderImpl.load_configuration = checked  # type: ignore[method-assign]


def check_hydra(config: DictConfig) -> None:
    """Check the ``hydra`` section of a composition that is going to be run.

    Raises
    ------
    UserError
        Naming the setting.
    """
    from omegaconf import OmegaConf

    from runner.config.limits.references import start_counting

    start_counting()
    plain: Any = OmegaConf.to_container(config.hydra, resolve=False)
    for name in ("sweeper", "launcher", "run", "sweep", "job"):
        if not isinstance(plain.get(name), Mapping):
            raise UserError(f"hydra.{name} is not a mapping", _LEFT_OUT)
    if plain.get("callbacks"):
        raise UserError("hydra.callbacks is not taken: it names classes that Hydra would make", _LEFT_OUT)
    for name in ("sweeper", "launcher"):
        resolved: Any = OmegaConf.to_container(config.hydra[name], resolve=True)
        _check_plugin(name, resolved)
    for name in ("job_logging", "hydra_logging"):
        if has_target(plain.get(name), _CLASSES) or isinstance(plain.get(name), str):
            raise UserError(f"hydra.{name} has no effect on a run", _LEFT_OUT)
    _check_places(plain)


def _check_plugin(name: str, plain: Mapping[Any, Any]) -> None:
    settings = dict(plain)
    target = str(settings.pop(TARGET, ""))
    ours = target.startswith(("hydra_plugins.", "hydra._internal.core_plugins."))
    if not ours or has_target(settings, frozenset([TARGET])):
        raise UserError(
            f"hydra.{name}.{TARGET} is not taken: a composition names no classes", f"Choose one: hydra/{name}=vivero"
        )


def _check_places(plain: Mapping[str, Any]) -> None:
    """Refuse a place for a run's files, and a change of the process that starts it."""
    places = {"run.dir": "${run_folder:}", "sweep.dir": "${multirun_folder:}"}
    for key, ours in places.items():
        section, _, name = key.partition(".")
        if plain[section][name] != ours:
            raise UserError(f"hydra.{key} is not heeded: a run's files are in its workspace", "Take it out of the YAML")
    if plain["job"].get("env_set"):
        raise UserError("hydra.job.env_set has no effect on a run", "Set job.environment_variables")
    if plain["job"].get("chdir"):
        raise UserError("hydra.job.chdir has no effect on a run", _LEFT_OUT)


def has_target(content: Any, names: frozenset[str] = frozenset([TARGET])) -> bool:
    """Tell whether a mapping within plain data has one of some keys."""
    if isinstance(content, Mapping):
        return not names.isdisjoint(content) or any(has_target(one, names) for one in content.values())
    return isinstance(content, list) and any(has_target(one, names) for one in content)
