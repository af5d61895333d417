"""Checks of a run's data settings, before anything is written. Whether an asset exists is checked by its plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from runner.config.arguments import PLACE
from runner.config.data_settings import MODES, TYPES, InputConfig, OutputConfig
from runner.config.paths import absolute, similar_file
from runner.config.schema import RunSpec
from runner.errors import UserError, nearest
from runner.io.names import check_file_name, check_name
from runner.layout import is_asset_name
from runner.worker.job_order import data_variable


def check_data_settings(spec: RunSpec, base: Path) -> None:
    """Check the inputs and outputs of a run, and that its command names no others.

    Raises
    ------
    UserError
        At the first problem.
    """
    inputs, outputs = spec.data.inputs, spec.data.outputs
    for name, one in inputs.items():
        _check_input(name, one, base)
    for name, output in outputs.items():
        _check_output(name, output)
    _check_variables("inputs", inputs)
    _check_variables("outputs", outputs)
    _check_assets(outputs)
    texts = [str(spec.job.arguments), str(spec.job.command), *map(str, spec.job.environment_variables.values())]
    for kind, used in PLACE.findall("\n".join(texts)):
        known: Collection[str] = inputs if kind == "input" else outputs
        if used not in known:
            hint = f"data.inputs.{used}.path=FILE" if kind == "input" else f"data.outputs.{used}=ASSET"
            raise UserError(f"${{{kind}:{used}}} names an unknown data {kind}", nearest(used, known) or f"Set {hint}")


def _check_input(name: str, one: InputConfig, base: Path) -> None:
    check_name(name, "input name (data.inputs)")
    if one.mode not in MODES:
        raise UserError(f"data.inputs.{name}.mode={one.mode} is not valid", nearest(one.mode, MODES))
    if one.filename is not None:
        check_file_name(one.filename, f"data.inputs.{name}.filename")
    if one.path is None:
        return
    path = absolute(base, one.path)
    if not path.exists():
        raise UserError(f"data.inputs.{name}.path: {path} does not exist", similar_file(one.path, path))


def _check_output(name: str, one: OutputConfig) -> None:
    place = f"data.outputs.{name}"
    check_name(name, "output name (data.outputs)")
    if one.filename is not None:
        check_file_name(one.filename, f"{place}.filename")
    if one.type is not None and one.type not in TYPES:
        raise UserError(f"{place}.type={one.type} is not valid", nearest(one.type, TYPES))
    if (one.type == "file" and one.filename is None) or (one.type == "folder" and one.filename is not None):
        what, hint = ("a folder", f"Name the file: {place}.as=FILE") if one.type == "file" else ("a file", "Remove one")
        raise UserError(f"{place}.type={one.type}, but the output is {what}", hint)
    if one.asset is None or is_asset_name(one.asset):
        return
    if ":" in one.asset or "@" in one.asset:
        raise UserError(
            f"{place}: {one.asset!r} names a version, but each run makes the next one", "Give the name alone"
        )
    check_name(one.asset, f"data asset name ({place})")
    raise UserError(f"{place}: {one.asset!r} cannot be a data asset name", "It is the name of a hash or of a cache")


def _check_variables(section: str, names: Collection[str]) -> None:
    """Refuse two names that the script would find in the same environment variable."""
    taken: dict[str, str] = {}
    for name in names:
        variable = data_variable(section[:-1], name)
        if variable in taken:
            raise UserError(
                f"data.{section}.{taken[variable]} and data.{section}.{name} have the same variable {variable}",
                "Rename one of them",
            )
        taken[variable] = name


def _check_assets(outputs: Mapping[str, OutputConfig]) -> None:
    taken: dict[str, str] = {}
    for name, one in outputs.items():
        if one.asset is not None and one.asset in taken:
            raise UserError(
                f"data.outputs.{taken[one.asset]} and data.outputs.{name} both become the data asset {one.asset}",
                "Give one of them another asset",
            )
        taken[str(one.asset)] = name
