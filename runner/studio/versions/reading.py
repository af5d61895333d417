"""Reads the versions of a model or a data asset."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from runner.api import DataAsset, DataVersion, Model, ModelVersion, UserError

V = TypeVar("V", ModelVersion, DataVersion)
_MOST = 300  # latest versions that a page reads


def read_versions(named: Model | DataAsset, read: Callable[[str], V]) -> tuple[list[V], list[str]]:
    """Return the latest versions, oldest first, and a line about each that cannot be read."""
    found, problems = list[V](), list[str]()
    for number in named.version_numbers()[-_MOST:]:
        try:
            found.append(read(f"{named.name}:{number}"))
        except UserError as error:
            problems.append(str(error))
    return found, problems
