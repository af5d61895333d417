"""The settings of a run's data: inputs and outputs, each in a short form and a long one.

An input is text (an asset such as ``iris``, ``iris:2`` or ``iris@golden``, or a path, which has a slash) or a mapping.
An output is the name of the asset that it becomes, null for none, or a mapping.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from runner.errors import UserError, nearest_key

MODES = ("mount", "copy")
TYPES = ("file", "folder", "table")  # of a data asset
EACH = "each"  # in the metadata of a field: the class of its entries, which also have a short form
T = TypeVar("T", "InputConfig", "OutputConfig")
_SHORT = {"as": "filename"}  # keys that cannot be names of fields


@dataclass
class InputConfig:
    """One data input: a `path`, an `asset`, or in a pipeline an output of a `step`, as ``STEP.OUTPUT``."""

    path: str | None = None
    asset: str | None = None
    step: str | None = None
    mode: str = "mount"
    filename: str | None = None


@dataclass
class OutputConfig:
    """One data output. It is a folder, or with `filename` a file. `asset` names the data asset that it becomes."""

    asset: str | None = None
    filename: str | None = None
    type: str | None = None
    description: str | None = None


@dataclass
class DataConfig:
    """The data inputs and outputs of a run."""

    inputs: dict[str, Any] = field(default_factory=dict, metadata={EACH: InputConfig})
    outputs: dict[str, Any] = field(default_factory=dict, metadata={EACH: OutputConfig})

    def __post_init__(self) -> None:
        """Read the short forms, when OmegaConf makes the object of a composition."""
        if isinstance(self.inputs, Mapping):  # anything else is refused by the checks of all sections
            self.inputs = {name: read_input(name, given) for name, given in self.inputs.items()}
        if isinstance(self.outputs, Mapping):
            self.outputs = {name: read_output(name, given) for name, given in self.outputs.items()}


def check_data(plain: Any) -> None:
    """Check the form of a composition's inputs and outputs, given as plain data.

    Raises
    ------
    UserError
        At the first that is wrong.
    """
    for section, read in (("inputs", read_input), ("outputs", read_output)):
        given = plain.get(section) if isinstance(plain, Mapping) else None
        for name, value in given.items() if isinstance(given, Mapping) else ():
            read(str(name), value)


def read_input(name: str, given: Any) -> InputConfig:
    """Return the settings of an input.

    Raises
    ------
    UserError
        If it is neither text nor a mapping of its keys, or does not name exactly one source.
    """
    place = f"data.inputs.{name}"
    if isinstance(given, str):
        return InputConfig(path=given) if is_path(given) else InputConfig(asset=given)
    made = _read(place, given, InputConfig)
    sources = [source for source in (made.path, made.asset, made.step) if source is not None]
    placed = made.step is not None and made.asset is None  # a pipeline adds the path of a step's output
    if len(sources) != 1 and not placed:
        what = "has no source" if not sources else "has more than one source"
        raise UserError(f"{place} {what}", f"Give either {place}.path=FILE or {place}.asset=NAME")
    return made


def read_output(name: str, given: Any) -> OutputConfig:
    """Return the settings of an output.

    Raises
    ------
    UserError
        If it is neither null, text nor a mapping of its keys.
    """
    if given is None or isinstance(given, str):
        return OutputConfig(asset=given)
    return _read(f"data.outputs.{name}", given, OutputConfig)


def is_path(text: str) -> bool:
    """Return whether the text of an input is a path. An asset's name has no slash."""
    return "/" in text or text.startswith((".", "~"))


def _read(place: str, given: Any, kind: type[T]) -> T:
    if isinstance(given, kind):
        return given
    names: list[str] = [field_.name for field_ in dataclasses.fields(kind)]
    if not isinstance(given, Mapping):
        shown = "null" if given is None else given
        raise UserError(f"{place} must be text or a mapping of {', '.join(names)}, not {shown}")
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = _SHORT.get(str(key), str(key))
        if name not in names:
            raise UserError(f"Unknown key '{place}.{key}'", nearest_key(f"{place}.{key}", [*names, *_SHORT]))
        if not isinstance(value, str | None):
            raise UserError(f"{place}.{key} must be text, not {value}")
        values[name] = value
    return kind(**values)
