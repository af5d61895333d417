"""Composes the steps of pipelines. Only sections that differ from the step before are composed again.

Steps of a pipeline share most sections, and so do the trials of a sweep over it.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import threading
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from runner.config.composition import Composition, check_plain, dump_yaml, section_object, section_plain, section_text
from runner.config.computes import COMPUTES
from runner.config.limits.references import start_counting
from runner.config.schema import ENVIRONMENTS, RunSpec

_KINDS: Mapping[str, Mapping[str, type]] = {"environment": ENVIRONMENTS, "compute": COMPUTES}
_IN_PARTS = ("job", "data")
_FIELDS = tuple(one.name for one in dataclasses.fields(RunSpec))


class Sections:
    """The composition of the step that was composed last, by section."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._config: DictConfig | None = None
        self._written: dict[str, Any] = {}
        self._read: dict[str, tuple[Any, Any, str]] = {}

    def compose(self, written: Mapping[str, Any]) -> Composition:
        """Return a composition.

        Parameters
        ----------
        written : mapping
            All its sections as plain data, interpolations as written.

        Raises
        ------
        UserError, OmegaConfBaseException
            As ``read_composition`` does.
        """
        with self._guard:
            try:
                return self._compose(written)
            except BaseException:
                self._forget()
                raise

    def _compose(self, written: Mapping[str, Any]) -> Composition:
        config = self._config
        if config is None or list(written) != list(self._written):
            self._forget()
            config = self._config = copy.deepcopy(_blank())
            # Users may add keys to refer to. Others are refused with the plan's checks.
            OmegaConf.set_struct(config, False)
        changed = {key: value for key, value in written.items() if self._is_new(key, value)}
        parts = {key: self._changed_parts(key, value) for key, value in changed.items()}
        for key, value in changed.items():
            _reset(config, key, value, parts[key])
        start_counting()
        config.merge_with(OmegaConf.create({key: parts[key] or value for key, value in changed.items()}))
        self._written |= copy.deepcopy(changed)
        return self._composition(config, changed)

    def _is_new(self, key: str, value: Any) -> bool:
        return key not in self._written or not _is_same(self._written[key], value)

    def _changed_parts(self, key: str, value: Any) -> dict[str, Any] | None:
        """Return the settings of a section that differ, None if all of it is composed anew.

        Trials mostly change one argument of a job, whose section is the largest.
        """
        before = self._written.get(key)
        if key not in _IN_PARTS or not isinstance(before, Mapping) or not isinstance(value, Mapping):
            return None
        if list(before) != list(value) or not set(value) <= set(_blank()[key]):
            return None
        return {name: one for name, one in value.items() if not _is_same(before[name], one)}

    def _composition(self, config: DictConfig, changed: Mapping[str, Any]) -> Composition:
        fresh = [
            key for key in map(str, config) if key not in self._read or key in changed or "${" in self._read[key][2]
        ]
        plain = {key: section_plain(config, key) for key in fresh}
        check_plain(plain)  # first, since required keys may have no value
        start_counting()
        for key in fresh:
            self._read[key] = (section_object(config, key), plain[key], section_text(config, key))
        found = {key: self._read[key] for key in map(str, config)}
        spec = RunSpec(**{key: found[key][0] for key in _FIELDS})
        return Composition(spec, {key: one[1] for key, one in found.items()}, "".join(one[2] for one in found.values()))


def _is_same(before: Any, value: Any) -> bool:
    return bool(before == value) and repr(before) == repr(value)  # 1, 1.0 and True are equal


@functools.cache
def _blank() -> DictConfig:
    """Return the schema as a configuration without values. It is copied, because making it takes long."""
    made: DictConfig = OmegaConf.structured(RunSpec)
    return made


def _reset(config: DictConfig, key: str, value: Any, parts: Mapping[str, Any] | None) -> None:
    """Give a section, or some settings of it, the default, so that values of another step do not stay in it."""
    if parts is not None:
        for name in parts:
            _reset_node(config[key], name, _blank()[key])
        return
    kinds = _KINDS.get(key, {})
    kind = str(value.get("kind")) if isinstance(value, Mapping) else ""
    if kind in kinds:  # another is refused with the plan's checks
        config[key] = OmegaConf.structured(kinds[kind])
        return
    if key in _FIELDS:
        _reset_node(config, key, _blank())
    else:
        content: Any = config.__dict__["_content"]
        content.pop(key, None)


def _reset_node(config: DictConfig, key: str, blank: DictConfig) -> None:
    content: Any = config.__dict__["_content"]
    content[key] = copy.deepcopy(blank._get_node(key))  # an assignment would lose the flags
    content[key]._set_parent(config)


_shared = Sections()


class _Written(str):
    """A composition as YAML, by which it is known, and as plain data."""

    plain: Mapping[str, Any]


@functools.lru_cache(maxsize=64)
def _composed(written: _Written) -> Composition:
    return _shared.compose(written.plain)


def composition_of(written: Mapping[str, Any]) -> Composition:
    """Return a composition that is given as plain data. Most trials of a sweep share most of their steps.

    Raises
    ------
    UserError, OmegaConfBaseException
        As ``read_composition`` does.
    """
    text = _Written(dump_yaml(written))
    text.plain = written
    return _composed(text)
