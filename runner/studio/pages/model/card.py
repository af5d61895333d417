"""The facts of a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.api import ModelVersion
from runner.console.format import show_bytes, show_time

_NAMES = 12  # features and classes that are listed


@dataclass(frozen=True)
class Card:
    """What the page says of a version: lines of facts, the columns of its input, the steps, the packages' lock."""

    facts: dict[str, str]
    features: Sequence[str]
    more_features: int
    steps: Sequence[Mapping[str, str]]
    example: Any


def card(version: ModelVersion) -> Card:
    """Return the card of a version."""
    record, found = version.record, version.inspection
    names = found.feature_names or () if found else ()
    facts = {
        "Class": (found.model_class or "") if found else "",
        "Framework": f"{record.framework} {record.framework_version or ''}".strip(),
        "Python": record.python_version or "",
        "Answers": ", ".join(found.methods) if found else "",
        "Classes": _listed(found.classes or ()) if found else "",
        "Inputs": _inputs(found.features, len(names)) if found else "",
        "Registered": show_time(record.created),
        "Size": f"{show_bytes(record.bytes)} in {len(record.files) or 1} file{'' if len(record.files) < 2 else 's'}",
        "SHA-256": record.sha256,
        "Git": record.git_commit or "",
    }
    return Card(
        facts={name: value for name, value in facts.items() if value},
        features=names[: _NAMES * 4],
        more_features=max(0, len(names) - _NAMES * 4),
        steps=found.steps if found else (),
        example=found.example_input if found else None,
    )


def _inputs(width: int | None, named: int) -> str:
    if named:
        return f"{named} named column{'s' if named != 1 else ''}"
    return "" if width is None else f"{width} number{'s' if width != 1 else ''} a row, without names"


def _listed(values: Sequence[Any]) -> str:
    more = len(values) - _NAMES
    return ", ".join(str(one) for one in values[:_NAMES]) + (f" and {more} more" if more > 0 else "")
