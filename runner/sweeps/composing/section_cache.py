"""Composes trials from one composition. Sections that a trial does not change are converted only once."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Collection
from typing import Any

from omegaconf import DictConfig, OmegaConf

from runner.config.composition import (
    Composition,
    read_composition,
    section_object,
    section_plain,
    section_text,
    written_value,
)
from runner.config.limits.references import start_counting
from runner.config.schema import RunSpec

_FIELDS = tuple(field.name for field in dataclasses.fields(RunSpec))


class Variants:
    """The variants of one composition.

    Parameters
    ----------
    config : DictConfig
        The composition without Hydra's own settings. It is copied.

    Attributes
    ----------
    texts : dict of str
        Each section as YAML, by name.
    """

    def __init__(self, config: DictConfig) -> None:
        self._config, self._original = copy.deepcopy(config), config
        self.texts = {str(key): section_text(config, str(key)) for key in config}
        # A section with references may change with any other.
        self._linked = {key for key, text in self.texts.items() if "${" in text}
        self._read: dict[str, tuple[Any, Any]] = {}

    def variant(self, keys: Collection[str], change: Callable[[DictConfig], None]) -> Composition:
        """Return the composition after a change, which is then undone.

        Parameters
        ----------
        keys : collection of str
            The keys at or below which the change may set values.
        change : callable
            Makes the change.

        Raises
        ------
        UserError, OmegaConfBaseException
            From the change or `read_composition`.
        """
        try:
            start_counting()
            change(self._config)
            return self._composition({key.partition(".")[0] for key in keys} | self._linked)
        finally:
            for place in sorted({self._place(key) for key in keys}, key=lambda place: place[0] is not None):
                self._take_back(*place)

    def _composition(self, fresh: Collection[str]) -> Composition:
        config = self._config
        if OmegaConf.get_type(config) is not RunSpec or set(config) != set(_FIELDS):
            return read_composition(config)
        objects: dict[str, Any] = {}
        plain: dict[str, Any] = {}
        texts = []
        for key in map(str, config):
            if key in fresh:
                objects[key], plain[key] = (section_object(config, key), section_plain(config, key))
                texts.append(section_text(config, key))
            else:
                if key not in self._read:
                    self._read[key] = (section_object(config, key), section_plain(config, key))
                objects[key], plain[key] = self._read[key]
                texts.append(self.texts[key])
        return Composition(RunSpec(**objects), plain, "".join(texts))

    def _place(self, key: str) -> tuple[str | None, str]:
        """Return the section and the name in it that contain a key, or no section if everything may change."""
        section, _, rest = key.partition(".")
        name = rest.partition(".")[0]
        written = written_value(self._original, section) if section in self._original.keys() else None  # noqa: SIM118
        return (section, name) if isinstance(written, DictConfig) and name in written.keys() else (None, section)  # noqa: SIM118

    def _take_back(self, section: str | None, name: str) -> None:
        original = self._original if section is None else self._original[section]
        changed = self._config if section is None else self._config[section]
        content = changed.__dict__["_content"]
        if name in original.keys():  # noqa: SIM118 - `in` is false for a key without a value
            content[name] = copy.deepcopy(original._get_node(name))  # an assignment would lose the flags
            content[name]._set_parent(changed)
        else:
            content.pop(name, None)
