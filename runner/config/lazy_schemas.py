"""Schemas in Hydra's store that are created on demand, because creating all of them is slow."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from hydra.core.config_store import ConfigNode, ConfigStore
from omegaconf import DictConfig, OmegaConf


def store(group: str, name: str, source: Callable[[], Any]) -> None:
    """Store a dataclass or a mapping. Its open mappings accept new keys.

    Parameters
    ----------
    group : str
        The group, its parts separated by slashes.
    name : str
        The option.
    source : callable
        Returns what `OmegaConf.structured` takes.
    """
    folder = ConfigStore.instance().repo
    for part in group.split("/"):
        folder = folder.setdefault(part, {})
    folder[f"{name}.yaml"] = _LazyNode(group, f"{name}.yaml", source)


class _LazyNode(ConfigNode):
    def __init__(self, group: str, name: str, source: Callable[[], Any]) -> None:
        self.group, self.name, self.package, self.provider = group, name, None, None
        self._source = source

    @cached_property
    def node(self) -> DictConfig:  # type: ignore[override]  # a field there, which Hydra only reads
        return _with_open_mappings(OmegaConf.structured(self._source()))

    def __copy__(self) -> ConfigNode:
        """Return the copy that Hydra loads and may change."""
        return ConfigNode(self.name, self.node, self.group, self.package, self.provider)


def _with_open_mappings(node: DictConfig) -> DictConfig:
    """Let mappings with user-defined keys (tags, metrics, inputs) accept new keys without Hydra's ``+``."""
    for name in node:
        child = node._get_node(name)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_missing():
            if OmegaConf.get_type(child) is dict:
                child._set_flag("struct", False)
            else:
                _with_open_mappings(child)
    return node
