"""Replaces references to data assets in a composition with exact versions, which the plan of a run keeps."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.composition import Composition
from runner.config.data_settings import InputConfig
from runner.errors import UserError
from runner.layout import Layout

if TYPE_CHECKING:
    from runner.execution.plan import Step


class AssetVersions:
    """The versions of data assets, each looked up once, so that all trials of a sweep have the same.

    Parameters
    ----------
    root : Path, optional
        The root of a workspace.
    known : mapping, optional
        The versions already found for references in this workspace, by reference.
    """

    def __init__(self, root: Path | None = None, known: Mapping[str, str] | None = None) -> None:
        self._found = {(root, reference): version for reference, version in (known or {}).items()}

    def known(self, root: Path) -> dict[str, str]:
        """Return the versions in a workspace that were looked up so far, by reference."""
        return {reference: version for (place, reference), version in self._found.items() if place == root}

    def find(self, reference: str, layout: Layout, base: Path) -> str:
        """Return ``NAME:VERSION`` for ``NAME``, ``NAME:2`` or ``NAME@alias``.

        Raises
        ------
        UserError
            If there is no such version.
        """
        key = (layout.root, reference)
        if key not in self._found:
            self._found[key] = _look_up(reference, layout, base)
        return self._found[key]


def _look_up(reference: str, layout: Layout, base: Path) -> str:
    from runner.store.data.store import DataStore  # few runs name an asset

    try:
        return DataStore(layout).resolve(reference).id
    except UserError:
        if (base / reference).exists():
            raise UserError(f"Data asset '{reference}' does not exist", f"For the file, write ./{reference}") from None
        raise


def with_versions(composed: Composition, layout: Layout, base: Path, versions: AssetVersions) -> Composition:
    """Return a composition whose inputs name versions of data assets. Its YAML stays as written.

    Raises
    ------
    UserError
        If an asset or version does not exist.
    """
    chosen: dict[str, str] = {}
    for name, settings in composed.spec.data.inputs.items():
        if settings.asset is None:
            continue
        try:
            chosen[name] = versions.find(settings.asset, layout, base)
        except UserError as mistake:
            from runner.training.declared import setting_of

            place = setting_of(composed.spec, name)
            hint = mistake.hint.replace("write ./", f"write {place}=./")
            raise UserError(mistake.message, hint) from None
    if not chosen:
        return composed
    data = copy.copy(composed.spec.data)
    data.inputs = {**data.inputs, **{name: _chosen(data.inputs[name], version) for name, version in chosen.items()}}
    plain = dict(composed.plain["data"])
    plain["inputs"] = {
        **plain["inputs"],
        **{name: _plain(plain["inputs"][name], version) for name, version in chosen.items()},
    }
    spec = dataclasses.replace(composed.spec, data=data)
    return dataclasses.replace(composed, spec=spec, plain={**composed.plain, "data": plain})


def with_step_versions(plain: Mapping[str, Any], steps: Iterable[Step]) -> dict[str, Any]:
    """Return a pipeline's composition as plain data, in which each step names the asset versions of its plan.

    A pipeline that is resumed or repeated therefore reads the same data, even if an alias was moved.
    """
    pipeline = dict(plain["pipeline"])
    pipeline["steps"] = {
        **pipeline["steps"],
        **{step.name: _step(pipeline["steps"][step.name], step) for step in steps},
    }
    return {**plain, "pipeline": pipeline}


def _step(given: Any, step: Step) -> Any:
    """Return a step's settings as they are written, with the versions of its own inputs and those of steps below it."""
    if not isinstance(given, Mapping):
        return given
    found = dict(given)
    data = found.get("data")
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    if isinstance(data, Mapping) and isinstance(inputs, Mapping):
        versions = {
            name: input_record.asset
            for name, input_record in step.plan.spec.data.inputs.items()
            if input_record.asset is not None
        }
        exact = {
            name: _plain(input_record, versions[name]) for name, input_record in inputs.items() if name in versions
        }
        found["data"] = {**data, "inputs": {**inputs, **exact}}
    return with_step_versions(found, step.plan.steps) if step.plan.steps else found


def _chosen(settings: InputConfig, version: str) -> InputConfig:
    return dataclasses.replace(settings, asset=version)


def _plain(given: Any, version: str) -> Any:
    return {**given, "asset": version} if isinstance(given, Mapping) else version
