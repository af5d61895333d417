"""The files below ``/vivero`` in a model's image: the server's source, one version, and its settings."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.server_source import server_source
from runner.errors import UserError
from runner.io.folders import list_files
from runner.layout import EndpointLayout, Layout, ModelLayout
from runner.records import Deployment, EndpointRecord, ModelRecord
from runner.store.registry import FileRegistry
from runner.worker import timeouts

INSIDE = "/vivero"  # in the image: a workspace with one version, and the source
SOURCE = f"{INSIDE}/source"
PORT = 5001  # the server's port in every container
NOBODY = 10001  # the user id of containers by default; never root
VARIABLES = {
    "PYTHONPATH": SOURCE,
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "HOME": "/tmp",  # noqa: S108 - the only writable folder
}


def health() -> dict[str, float]:
    """Return the settings of the engine's health check, in seconds; `retries` is a count."""
    return {"interval": timeouts.seconds("health_interval"), "timeout": 5, "start-period": 60, "retries": 3}


def health_check(python: str) -> list[str]:
    """Return the command of a container's health check."""
    return [python, f"{SOURCE}/runner/endpoints/health.py", str(PORT)]


def repository_name(name: str) -> str:
    """Return a model's name as an image name: lower case, single separators."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def contents(registry: FileRegistry, model: ModelRecord, settings: EndpointSettings) -> dict[str, bytes]:
    """Return the files by their path below ``/vivero``.

    Parameters
    ----------
    registry : FileRegistry
        The registry that contains the version.
    model : ModelRecord
        The version.
    settings : EndpointSettings
        The settings of a container without an endpoint. It listens on all its addresses.

    Raises
    ------
    UserError
        If the version has changed since it was registered.
    """
    below = f"{Layout.models}/{model.name}/{model.version}"
    return {
        **{f"source/{name}": content for name, content in server_source().items()},
        str(EndpointLayout.record): _as_json(standalone_record(model, settings).to_json()),
        f"{below}/{ModelLayout.record}": _as_json(model.to_json()),
        **_artefact(registry, model, below),
    }


def standalone_record(model: ModelRecord, settings: EndpointSettings) -> EndpointRecord:
    """Return the record for a container that serves a version without an endpoint."""
    image_settings = dataclasses.replace(settings, kind="local", name=model.name, host="0.0.0.0", port=PORT)  # noqa: S104 - its own
    deployment = Deployment(reference=f"{model.name}:{model.version}", name=model.name, version=model.version)
    return EndpointRecord(
        name=model.name, created=model.created, deployments=(deployment,), settings=dataclasses.asdict(image_settings)
    )


def _as_json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()


def _artefact(registry: FileRegistry, model: ModelRecord, below: str) -> dict[str, bytes]:
    path = registry.artefact(model)
    known = {file.path: file.sha256 for file in model.files}
    root = path if path.is_dir() else path.parent
    names = list_files(path) if path.is_dir() else [path.name]
    contents: dict[str, bytes] = {}
    for name in sorted({*names, *known}):
        content = (root / name).read_bytes() if name in names and (root / name).is_file() else b""
        if hashlib.sha256(content).hexdigest() != known.get(name):
            raise UserError(
                f"{name} of model {model.name}:{model.version} has changed since it was registered",
                "To see what has changed: vivero models verify",
            )
        contents[f"{below}/{model.artefact}/{name}" if path.is_dir() else f"{below}/{name}"] = content
    return contents


def digest(files: Mapping[str, bytes]) -> str:
    """Return a SHA-256 over the names and contents of files."""
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def as_tar(files: Mapping[str, bytes]) -> bytes:
    """Return a reproducible archive of ``/vivero``, owned by root and readable for everyone."""
    made = io.BytesIO()
    folders = {str(above) for name in files for above in Path(INSIDE[1:], name).parents} - {"."}
    with tarfile.open(fileobj=made, mode="w") as archive:
        for folder in sorted(folders):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name in sorted(files):
            entry = tarfile.TarInfo(f"{INSIDE[1:]}/{name}")
            entry.size, entry.mode = len(files[name]), 0o644
            archive.addfile(entry, io.BytesIO(files[name]))
    return made.getvalue()
