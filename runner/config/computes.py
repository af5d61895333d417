"""The table of computes: which module is behind each ``compute.kind``. A row is all that registers one.

A module is imported when its kind is asked for, because one run takes one kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from runner.errors import UserError, nearest

if TYPE_CHECKING:
    from runner.ports import ComputeKind

_MODULES = {
    "local": "runner.compute.local.compute",
    "ssh": "runner.compute.ssh",
    "dask": "runner.compute.dask",
}


def compute_kind(kind: str) -> ComputeKind:
    """Return what the module of a kind offers as its ``KIND``.

    Raises
    ------
    UserError
        If there is no such kind.
    """
    if kind not in _MODULES:
        raise UserError(f"compute.kind={kind} is not known", nearest(kind, _MODULES))
    found: ComputeKind = import_module(_MODULES[kind]).KIND
    return found


class _Settings(Mapping[str, type]):
    def __getitem__(self, kind: str) -> type:
        if kind not in _MODULES:
            raise KeyError(kind)
        return compute_kind(kind).settings

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


COMPUTES = _Settings()
"""The dataclass of the settings of each kind."""
