"""Reuses a composition for trials that only differ in values of a free mapping, such as ``job.arguments``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from omegaconf import AnyNode, DictConfig, OmegaConf

from runner.config.composition import Composition, dump_yaml
from runner.config.substitution import has_reference, is_plain, with_value

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

_BELOW_DATA = re.compile(r"data\.\w+\.\w+\.")  # an input or output is read from its settings as a whole
_NAMES = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


class ValueCache:
    """Caches a composition and replaces values in it.

    No schema applies to such a value, and if nothing refers to it, nothing else changes with it.

    Parameters
    ----------
    config : DictConfig
        The composition without the values and without Hydra's own settings.
    texts : mapping
        Each section of it as YAML, by its name.
    """

    def __init__(self, config: DictConfig, texts: Mapping[str, str]) -> None:
        written = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
        assert isinstance(written, dict)  # noqa: S101 - a composition is a mapping
        self._config, self._written, self._texts = config, written, texts
        self._is_alone = not any(map(has_reference, self._texts.values()))
        self._kept: dict[tuple[object, ...], Composition] = {}

    def keep(self, values: Sequence[Override], composition: Composition) -> None:
        """Cache a composition if changing the values of these keys could not change anything else."""
        keys = sorted(override.key_or_group for override in values)
        apart = not any(key == before or key.startswith(f"{before}.") for before, key in itertools.pairwise(keys))
        if self._is_alone and apart and all(map(self._is_free, keys)):
            self._kept[_shape(values)] = composition

    def find(self, values: Sequence[Override]) -> Composition | None:
        """Return the composition of some values, or None if no cached one applies."""
        kept = self._kept.get(_shape(values))
        if kept is None or not all(is_plain(override.value()) for override in values):
            return None
        texts = dict(self._texts)
        whole: tuple[Any, Any, Any] = (kept.spec, kept.plain, self._written)
        for override in values:
            path, value = override.key_or_group.split("."), override.value()
            whole = tuple(with_value(part, path, value) for part in whole)
        spec, plain, written = whole
        for section in {override.key_or_group.partition(".")[0] for override in values}:
            texts[section] = dump_yaml({section: written[section]})
        return Composition(spec, plain, "".join(texts.values()))

    def _is_free(self, key: str) -> bool:
        """Return whether a key accepts any value, in an untyped mapping or one still to be created."""
        if not _NAMES.fullmatch(key) or _BELOW_DATA.match(key):
            return False
        node: Any = self._config
        for name in key.split(".")[:-1]:
            if not isinstance(node, DictConfig) or name not in node.keys():  # noqa: SIM118 - what has no value is not `in`
                return False
            node = node._get_node(name)
        if isinstance(node, AnyNode):
            return node._value() is None
        return isinstance(node, DictConfig) and OmegaConf.get_type(node) is dict and node._metadata.element_type is Any


def _shape(values: Sequence[Override]) -> tuple[object, ...]:
    return tuple((override.key_or_group, override.type) for override in values)
