"""The table of computes: the module of each ``compute.kind``. To register a compute, add a row.

A module is imported on demand, because a run uses only one kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from runner.errors import UserError, nearest

if TYPE_CHECKING:
    from runner.ports.compute import ComputeKind

_MODULES = {
    "local": "runner.compute.local.compute",
    "ssh": "runner.compute.ssh",
    "dask": "runner.compute.dask",
}


def compute_kind(kind: str) -> ComputeKind:
    """Return the ``KIND`` of the module behind a kind.

    Raises
    ------
    UserError
        If the kind does not exist.
    """
    if kind not in _MODULES:
        raise UserError(f"compute.kind={kind} does not exist", nearest(kind, _MODULES))
    compute: ComputeKind = import_module(_MODULES[kind]).KIND
    return compute


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
"""The settings dataclass of each kind."""
