"""Which runs read a data asset, which models they registered, and which endpoints serve these."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from runner.endpoints.store import EndpointStore
from runner.errors import UserError
from runner.store.registry import FileRegistry

if TYPE_CHECKING:
    from runner.api.workspace import Workspace
    from runner.store.data.records import AssetRecord

_NAMED = 5  # in a sentence


def lineage_of(workspace: Workspace, record: AssetRecord) -> dict[str, Any]:
    """Return the origin of a version, and the runs, models and endpoints that depend on it.

    Models count that were made of versions which runs made of this one, too.
    """
    runs = readers(workspace, {record.id})
    versions, using = {record.id}, set(runs)
    while new := _published_by(workspace, using) - versions:
        versions |= new
        using |= set(readers(workspace, new))
    models = made_by(workspace, using, versions)
    return {
        "source": record.source,
        "run": record.run,
        "output": record.output,
        "runs": runs,
        "models": models,
        "endpoints": serving(workspace, set(models)),
    }


def _published_by(workspace: Workspace, runs: Collection[str]) -> set[str]:
    """Return the versions of data assets that some runs made."""
    from runner.store.data.store import DataStore

    return {asset.id for asset in DataStore(workspace.layout).all() if asset.run in runs} if runs else set()


def readers(workspace: Workspace, versions: Collection[str]) -> list[str]:
    """Return the ids of the runs that read one of some versions, newest first."""
    rows = workspace.runs(archived=True).rows
    return [row["id"] for row in rows if any(version in versions for version in row["data"].values())]


def made_by(workspace: Workspace, runs: Collection[str], versions: Collection[str]) -> list[str]:
    """Return the versions of models that some runs registered, or whose record names one of some versions of data."""
    registry = FileRegistry(workspace.layout)
    records = [
        record
        for name in registry.names()
        for record in registry.readable(name)
        if record.run in runs or any(version in versions for version in record.assets.values())
    ]
    return sorted(f"{record.name}:{record.version}" for record in records)


def serving(workspace: Workspace, models: Collection[str]) -> list[str]:
    """Return the names of the endpoints that serve one of some versions of models."""
    store = EndpointStore(workspace.layout)
    names = []
    for name in store.names() if models else ():
        try:
            deployments = store.read(name).deployments
        except UserError:  # named where endpoints are listed
            continue
        if any(f"{deployment.name}:{deployment.version}" in models for deployment in deployments):
            names.append(name)
    return names


def needed_by(workspace: Workspace, name: str, version: int | None) -> list[str]:
    """Return a sentence for each kind of thing that names a version, or any version."""
    from runner.store.data.store import DataStore

    numbers = DataStore(workspace.layout).versions(name) if version is None else [version]
    versions = {f"{name}:{number}" for number in numbers}
    runs = readers(workspace, versions)
    models = made_by(workspace, set(runs), versions)
    what = name if version is None else f"{name}:{version}"
    reasons = []
    if runs:
        reasons.append(f"{_listed('run', runs)} {'reads' if len(runs) == 1 else 'read'} {what}")
    if models:
        reasons.append(f"{_listed('model', models)} came of it")
    endpoints = serving(workspace, set(models))
    if endpoints:
        reasons.append(f"{_listed('endpoint', endpoints)} {'serves' if len(endpoints) == 1 else 'serve'} that")
    return reasons


def _listed(noun: str, names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{noun if len(names) == 1 else f'{noun}s'} {', '.join(names[:_NAMED])}{more}"
