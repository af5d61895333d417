"""Finds the runs, models and endpoints that need each environment."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from runner.api.runs.find import looked_at
from runner.environments.catalogue import Needs, stored_environments
from runner.errors import UserError
from runner.io.json_records import read_record
from runner.io.record import Record
from runner.layout import EndpointLayout, Layout, SweepLayout
from runner.records import EndpointRecord, ModelRecord
from runner.statuses import RUNNING, TERMINAL
from runner.store.finding import record_folders
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore
from runner.sweeps.records import SweepRecord

T = TypeVar("T", bound=Record)


def needs(layout: Layout) -> Needs:
    """Return which running runs and sweeps, model versions and endpoints need which environment.

    A model version needs the environment of the run that registered it, or one with the same lock if that run was
    deleted, because it is inspected and served there.
    """
    by_key: dict[str, list[str]] = defaultdict(list)
    store = FileRunStore(layout)
    read = [looked_at(layout, run) for run in store.list()]
    runs = {run.id: run for run, _ in read}
    left = {run.id for run, followed in read if not followed}
    unknown = [f"run {name}, whose record cannot be read" for name in store.ids() if name not in runs]
    sweeps = _sweeps_that_go_on(layout, unknown)
    for run in runs.values():
        key = run.prepare.environment.key if run.prepare else None
        goes_on = run.status not in TERMINAL
        if goes_on and key is None:
            why = "is not followed: vivero recover" if run.id in left else "is being prepared"
            unknown.append(f"run {run.id}, which {why}")
        elif key is not None and (goes_on or run.properties.get("sweep") in sweeps):
            by_key[key].append(f"run {run.id}")
    for model in _models(layout, unknown):
        made = runs.get(model.run or "")
        keys = [made.prepare.environment.key] if made is not None and made.prepare else _alike(layout, model)
        for key in keys:
            by_key[key].append(f"model {model.name}:{model.version}")
    for name, endpoint in _records(layout.endpoints, str(EndpointLayout.record), EndpointRecord, unknown):
        python = Path(endpoint.python)
        if endpoint.environment:
            by_key[endpoint.environment].append(f"endpoint {name}")
        if python != layout.environments and python.is_relative_to(layout.environments):
            by_key[python.relative_to(layout.environments).parts[0]].append(f"endpoint {name}")
    return Needs(by_key, unknown)


def _models(layout: Layout, unknown: list[str]) -> Iterator[ModelRecord]:
    registry = FileRegistry(layout)
    for name in registry.names():
        try:
            for version in registry.versions(name):
                yield registry.resolve(f"{name}:{version}")
        except UserError:
            unknown.append(f"model {name}, whose record cannot be read")


def _alike(layout: Layout, model: ModelRecord) -> list[str]:
    """Return the environments with the same lock as a model version."""
    keys = []
    for environment in stored_environments(layout):
        with contextlib.suppress(UserError):  # one without a lock is rebuilt before its next use
            if environment.record is not None and model.lock is not None and environment.lock() == model.lock:
                keys.append(environment.key)
    return keys


def _records(root: Path, file: str, kind: type[T], unknown: list[str]) -> Iterator[tuple[str, T]]:
    for folder in record_folders(root, file):
        try:
            yield folder.name, read_record(folder / file, kind)
        except (UserError, FileNotFoundError):
            unknown.append(f"{root.name} {folder.name}, whose record cannot be read")


def _sweeps_that_go_on(layout: Layout, unknown: list[str]) -> set[str]:
    sweeps = _records(layout.sweeps, str(SweepLayout.record), SweepRecord, unknown)
    return {name for name, sweep in sweeps if sweep.state == RUNNING}


def last_used(layout: Layout) -> dict[str, str]:
    """Return the start of the latest run of each environment."""
    times: dict[str, str] = {}
    for run in FileRunStore(layout).list():  # the newest first
        if run.prepare is not None:
            times.setdefault(run.prepare.environment.key, run.created)
    return times
