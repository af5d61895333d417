"""What in a workspace needs which environment."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from runner.commands.common import settled
from runner.environments.catalogue import Needs
from runner.errors import UserError
from runner.layout import Layout
from runner.records import TERMINAL
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore


def needs(layout: Layout) -> Needs:
    """Return who needs which environment: runs that go on, sweeps that go on, model versions, endpoints.

    A model version needs the environment of the run that made it: it is inspected and served from there again.
    """
    found: dict[str, list[str]] = defaultdict(list)
    runs = {one.id: settled(layout, one) for one in FileRunStore(layout).list()}
    preparing = []
    sweeps = _sweeps_that_go_on(layout)
    for run in runs.values():
        key = run.prepare.environment.key if run.prepare else None
        goes_on = run.status not in TERMINAL
        if goes_on and key is None:
            preparing.append(run.id)
        elif key is not None and (goes_on or run.properties.get("sweep") in sweeps):
            found[key].append(f"run {run.id}")
    registry = FileRegistry(layout)
    for name in registry.names():
        for version in _versions(registry, name):
            model = registry.resolve(f"{name}:{version}")
            made = runs.get(model.run or "")
            if made is not None and made.prepare is not None:
                found[made.prepare.environment.key].append(f"model {name}:{version}")
    for path in layout.endpoints.glob("*/endpoint.json"):
        python = Path(_python_of(path))
        if python.is_relative_to(layout.environments):
            found[python.relative_to(layout.environments).parts[0]].append(f"endpoint {path.parent.name}")
    return Needs(found, preparing)


def last_used(layout: Layout) -> dict[str, str]:
    """Return when the newest run began that used each environment."""
    found: dict[str, str] = {}
    for run in FileRunStore(layout).list():  # the newest first
        if run.prepare is not None:
            found.setdefault(run.prepare.environment.key, run.created)
    return found


def _versions(registry: FileRegistry, name: str) -> list[int]:
    try:
        return list(registry.versions(name))
    except UserError:
        return []  # listed by `vivero models`


def _python_of(path: Path) -> str:
    try:
        return str(json.loads(path.read_bytes()).get("python") or "")
    except (OSError, ValueError):
        return ""


def _sweeps_that_go_on(layout: Layout) -> set[str]:
    found = set()
    for path in layout.sweeps.glob("*/sweep.json"):
        try:
            if json.loads(path.read_bytes()).get("state") == "running":
                found.add(path.parent.name)
        except (OSError, ValueError):
            continue
    return found
