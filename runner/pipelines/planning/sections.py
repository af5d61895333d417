"""Composes the steps of pipelines, reusing what has not changed since the last composition of a step.

In a sweep over a pipeline, a step usually differs from the same step of the previous trial in one setting.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import threading
from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from runner.config.composition import Composition, check_plain, section_object, section_plain, section_text
from runner.config.computes import COMPUTES
from runner.config.limits.references import start_counting
from runner.config.schema import ENVIRONMENTS, RunSpec
from runner.config.substitution import has_reference, is_plain, with_value

_KINDS: Mapping[str, Mapping[str, type]] = {"environment": ENVIRONMENTS, "compute": COMPUTES}
_IN_PARTS = ("job", "data")
_FIELDS = tuple(field.name for field in dataclasses.fields(RunSpec))


class Sections:
    """The composition of the step that was composed last, by section."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._config: DictConfig | None = None
        self._written: dict[str, Any] = {}
        self._read: dict[str, tuple[Any, Any, str]] = {}
        self._is_alone = False  # whether no value refers to another

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
        config, arguments = self._config, self._changed_arguments(written)
        if config is None or arguments is None:
            return self._compose_changes(written)
        return self._with_arguments(config, arguments)

    def _changed_arguments(self, written: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the new arguments if nothing but their values differs, and nothing else can change with them."""
        if not self._is_alone or list(written) != list(self._written):
            return None
        changed = [key for key, value in written.items() if self._is_new(key, value)]
        if changed != ["job"] or list(self._changed_parts("job", written["job"]) or {}) != ["arguments"]:
            return None
        before, now = self._written["job"]["arguments"], written["job"]["arguments"]
        if not isinstance(before, dict) or not isinstance(now, dict) or list(before) != list(now):
            return None
        new = {name: value for name, value in now.items() if not _is_same(before[name], value)}
        return new if all(map(is_plain, [*new.values(), *(before[name] for name in new)])) else None

    def _with_arguments(self, config: DictConfig, arguments: Mapping[str, Any]) -> Composition:
        """Return the previous composition with other arguments, to which no schema applies."""
        job, plain, _ = self._read["job"]
        for name, value in arguments.items():
            path = ("arguments", name)
            job, plain = with_value(job, path, value), with_value(plain, path, value)
            self._written = with_value(self._written, ("job", *path), value)
            config["job"]["arguments"][name] = value
        self._read["job"] = (job, plain, section_text(config, "job"))
        return self._joined(config)

    def _compose_changes(self, written: Mapping[str, Any]) -> Composition:
        config = self._config
        if config is None or list(written) != list(self._written):
            self._forget()
            config = self._config = copy.deepcopy(_blank())
            # Users may add keys for interpolations. The plan's checks refuse unknown keys.
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
        """Return the settings of a section that differ, or None if the whole section must be composed again.

        Most trials change one argument of the job, which is the largest section.
        """
        before = self._written.get(key)
        if key not in _IN_PARTS or not isinstance(before, Mapping) or not isinstance(value, Mapping):
            return None
        if list(before) != list(value) or not set(value) <= set(_blank()[key]):
            return None
        return {name: part for name, part in value.items() if not _is_same(before[name], part)}

    def _composition(self, config: DictConfig, changed: Mapping[str, Any]) -> Composition:
        fresh = [
            key for key in map(str, config) if key not in self._read or key in changed or "${" in self._read[key][2]
        ]
        plain = {key: section_plain(config, key) for key in fresh}
        check_plain(plain)  # first, since required keys may have no value
        start_counting()
        for key in fresh:
            self._read[key] = (section_object(config, key), plain[key], section_text(config, key))
        self._is_alone = not any(has_reference(text) for _, _, text in self._read.values())
        return self._joined(config)

    def _joined(self, config: DictConfig) -> Composition:
        found = {key: self._read[key] for key in map(str, config)}
        spec = RunSpec(**{key: found[key][0] for key in _FIELDS})
        return Composition(
            spec, {key: one[1] for key, one in found.items()}, "".join(section[2] for section in found.values())
        )


def _is_same(before: Any, value: Any) -> bool:
    return bool(before == value) and repr(before) == repr(value)  # 1, 1.0 and True are equal


@functools.cache
def _blank() -> DictConfig:
    """Return the schema as a configuration without values. Callers copy it, because creating it is slow."""
    made: DictConfig = OmegaConf.structured(RunSpec)
    return made


def _reset(config: DictConfig, key: str, value: Any, parts: Mapping[str, Any] | None) -> None:
    """Reset a section, or some of its settings, to the defaults, so that no values of the previous step remain."""
    if parts is not None:
        for name in parts:
            _reset_node(config[key], name, _blank()[key])
        return
    kinds = _KINDS.get(key, {})
    kind = str(value.get("kind")) if isinstance(value, Mapping) else ""
    if kind in kinds:  # the plan's checks refuse any other
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


@functools.lru_cache(maxsize=64)
def _sections_of(_step: str) -> Sections:
    return Sections()


class _Written(str):
    """A composition as text, which is its key in the cache, and as plain data."""

    plain: Mapping[str, Any]


@functools.lru_cache(maxsize=64)
def _composed(step: str, written: _Written) -> Composition:
    return _sections_of(step).compose(written.plain)


def composition_of(step: str, written: Mapping[str, Any]) -> Composition:
    """Return the composition for plain data, from a cache if possible.

    Most trials of a sweep share most of their steps, and change little in the others.

    Parameters
    ----------
    step : str
        The step's name. Only the differences from the last composition of this step are composed.
    written : mapping
        All sections as plain data, interpolations as written.

    Raises
    ------
    UserError, OmegaConfBaseException
        As ``read_composition`` does.
    """
    text = _Written(repr(written))  # unlike the values, texts of 1, 1.0 and True differ
    text.plain = written
    return _composed(step, text)
