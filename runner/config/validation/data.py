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
    for name, settings in inputs.items():
        _check_input(name, settings, base)
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


def _check_input(name: str, settings: InputConfig, base: Path) -> None:
    check_name(name, "input name (data.inputs)")
    if settings.mode not in MODES:
        raise UserError(f"data.inputs.{name}.mode={settings.mode} is not valid", nearest(settings.mode, MODES))
    if settings.filename is not None:
        check_file_name(settings.filename, f"data.inputs.{name}.filename")
    if settings.path is None:
        return
    path = absolute(base, settings.path)
    if not path.exists():
        raise UserError(f"data.inputs.{name}.path: {path} does not exist", similar_file(settings.path, path))


def _check_output(name: str, settings: OutputConfig) -> None:
    place = f"data.outputs.{name}"
    check_name(name, "output name (data.outputs)")
    if settings.filename is not None:
        check_file_name(settings.filename, f"{place}.filename")
    if settings.type is not None and settings.type not in TYPES:
        raise UserError(f"{place}.type={settings.type} is not valid", nearest(settings.type, TYPES))
    if (settings.type == "file" and settings.filename is None) or (
        settings.type == "folder" and settings.filename is not None
    ):
        what, hint = (
            ("a folder", f"Name the file: {place}.as=FILE") if settings.type == "file" else ("a file", "Remove one")
        )
        raise UserError(f"{place}.type={settings.type}, but the output is {what}", hint)
    if settings.asset is None or is_asset_name(settings.asset):
        return
    if ":" in settings.asset or "@" in settings.asset:
        raise UserError(
            f"{place}: {settings.asset!r} names a version, but each run makes the next one", "Give the name alone"
        )
    check_name(settings.asset, f"data asset name ({place})")
    raise UserError(
        f"{place}: {settings.asset!r} cannot be a data asset name", "It is the name of a hash or of a cache"
    )


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
    for name, output in outputs.items():
        if output.asset is not None and output.asset in taken:
            raise UserError(
                f"data.outputs.{taken[output.asset]} and data.outputs.{name} both become the data asset {output.asset}",
                "Give one of them another asset",
            )
        taken[str(output.asset)] = name
