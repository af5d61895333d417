"""Refuses settings of Hydra itself that would run other code or have no effect.

Hydra instantiates ``hydra.callbacks``, ``hydra.sweeper``, ``hydra.launcher`` and the two loggings, whatever class
they name. Here a composition cannot name classes: sweepers and launchers are chosen by the name of a plugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.config.limits.yaml_files import TARGET
from runner.errors import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

_LEFT_OUT = "Remove it"
_CLASSES = frozenset([TARGET, "class", "()"])  # keys from which logging and Hydra instantiate classes


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
    """Check the ``hydra`` section of a composition that will be run.

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
        raise UserError("hydra.callbacks is not allowed: it names classes that Hydra would create", _LEFT_OUT)
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
            f"hydra.{name}.{TARGET} is not allowed: a configuration cannot name classes",
            f"Choose one: hydra/{name}=vivero",
        )


def _check_places(plain: Mapping[str, Any]) -> None:
    """Refuse another folder for a run's files, and changes to the controller's process."""
    places = {"run.dir": "${run_folder:}", "sweep.dir": "${multirun_folder:}"}
    for key, ours in places.items():
        section, _, name = key.partition(".")
        if plain[section][name] != ours:
            raise UserError(
                f"hydra.{key} has no effect: a run's files are kept in its workspace", "Remove it from the YAML file"
            )
    if plain["job"].get("env_set"):
        raise UserError("hydra.job.env_set has no effect on a run", "Use job.environment_variables instead")
    if plain["job"].get("chdir"):
        raise UserError("hydra.job.chdir has no effect on a run", _LEFT_OUT)


def has_target(content: Any, names: frozenset[str] = frozenset([TARGET])) -> bool:
    """Return whether any mapping in plain data has one of the keys."""
    if isinstance(content, Mapping):
        return not names.isdisjoint(content) or any(has_target(value, names) for value in content.values())
    return isinstance(content, list) and any(has_target(value, names) for value in content)
