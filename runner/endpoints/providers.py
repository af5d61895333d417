"""Finds the distributions of the current Python that provide the modules of a model."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runner.environments.requirements.packages import normalised

_ELSEWHERE = {"sklearn": "scikit-learn"}  # searching all distributions takes a tenth of a second


@dataclass(frozen=True)
class Provider:
    """A module that a model needs. It has no distributions if it comes from a folder or is missing."""

    module: str
    distributions: tuple[str, ...]
    there: bool


def providers(modules: Sequence[str], here: Mapping[str, str]) -> list[Provider]:
    """Return the providers of modules, except those of the standard library.

    Parameters
    ----------
    modules : sequence of str
        Top-level modules.
    here : mapping of str to str
        The version of each package of the current Python, by name.
    """
    wanted = [module for module in modules if module not in sys.stdlib_module_names and module != "__main__"]
    result = []
    for module in wanted:
        usual = _ELSEWHERE.get(module, normalised(module))
        names = (usual,) if usual in here else _distributions(module)
        result.append(Provider(module, names, bool(names) or _can_be_imported(module)))
    return result


def _distributions(module: str) -> tuple[str, ...]:
    from importlib.metadata import packages_distributions

    return tuple(sorted({normalised(name) for name in packages_distributions().get(module, ())}))


def _can_be_imported(module: str) -> bool:
    """Return whether an unlisted module can be imported, such as one of an editable installation."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
