"""The model card of a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.api import ModelVersion
from runner.console.format import show_bytes, show_time

_NAMES = 12  # classes that are listed; of features, four times as many


@dataclass(frozen=True)
class Card:
    """What the page shows of a version: facts, the columns of its input, its steps and an example of an input."""

    facts: dict[str, str]
    features: Sequence[str]
    more_features: int
    steps: Sequence[Mapping[str, str]]
    example: Any


def card(version: ModelVersion) -> Card:
    """Return the card of a version."""
    record, inspection = version.record, version.inspection
    names = inspection.feature_names or () if inspection else ()
    facts = {
        "Class": (inspection.model_class or "") if inspection else "",
        "Framework": f"{record.framework} {record.framework_version or ''}".strip(),
        "Python": record.python_version or "",
        "Answers": ", ".join(inspection.methods) if inspection else "",
        "Classes": _listed(inspection.classes or ()) if inspection else "",
        "Inputs": _inputs(inspection.features, len(names)) if inspection else "",
        "Registered": show_time(record.created),
        "Size": f"{show_bytes(record.bytes)} in {len(record.files) or 1} file{'' if len(record.files) < 2 else 's'}",
        "SHA-256": record.sha256,
        "Git": record.git_commit or "",
    }
    return Card(
        facts={name: value for name, value in facts.items() if value},
        features=names[: _NAMES * 4],
        more_features=max(0, len(names) - _NAMES * 4),
        steps=inspection.steps if inspection else (),
        example=inspection.example_input if inspection else None,
    )


def _inputs(width: int | None, named: int) -> str:
    if named:
        return f"{named} named column{'s' if named != 1 else ''}"
    return "" if width is None else f"{width} number{'s' if width != 1 else ''} a row, without names"


def _listed(values: Sequence[Any]) -> str:
    more = len(values) - _NAMES
    return ", ".join(str(value) for value in values[:_NAMES]) + (f" and {more} more" if more > 0 else "")
