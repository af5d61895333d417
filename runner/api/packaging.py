"""Exports a version as files from which a server image is built without vivero."""

from __future__ import annotations

from pathlib import Path

from runner.api.copies import new_folder
from runner.config.endpoint_settings import EndpointSettings
from runner.console.notes import note
from runner.endpoints import package as packages
from runner.endpoints.environment import requirements
from runner.environments.requirements.lock import check_hashed
from runner.environments.requirements.wheel_store import WheelStore
from runner.layout import Layout
from runner.records import ModelRecord
from runner.store.registry import FileRegistry
from runner.wiring import serving_lock


def package_version(layout: Layout, record: ModelRecord, settings: EndpointSettings, target: Path) -> None:
    """Write Dockerfile, lock, model and README.md into a new folder.

    Raises
    ------
    UserError
        If a setting or the model cannot be packaged, or the folder is not empty.
    """
    settings = packages.check(settings)
    wanted, python = requirements([record], settings.accelerate)
    with new_folder(target, "--output") as folder:
        lock, kept = serving_lock(layout, wanted, python, note), WheelStore(layout)
        check_hashed(lock, "it cannot be packaged")
        placed = kept.placed(lock, packages.WHEELS)
        files = packages.package(FileRegistry(layout), record, settings, placed, python, kept.files(lock))
        for name, content in files.items():
            _write(folder, name, content)


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file that others can read but only its owner can write, because the server refuses other models."""
    path = folder / name
    for parent in reversed(
        [parent for parent in path.parents if parent.is_relative_to(folder) and not parent.exists()]
    ):
        parent.mkdir()
        parent.chmod(0o755)
    path.write_bytes(content)
    path.chmod(0o644)
