"""Serves the version in an image. This is the command of containers that no endpoint manages.

It writes only below ``/tmp``, so that everything else may be read-only. Keys are read from a mounted file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from runner.access import ownership
from runner.console.boundary import guarded
from runner.errors import UserError
from runner.io.clock import now
from runner.io.files import write_json
from runner.layout import Layout
from serving.process.settings import read_endpoint
from serving.server import main as serve

IMAGE = Path("/vivero")
KEYS = Path("/run/secrets/vivero-keys")  # one key per line
_PLACE = Path("/tmp/vivero")  # noqa: S108 - private to the container


def main() -> int:
    """Create a writable workspace, serve from it, and return the exit code."""
    # Its models are a link into the image, which nobody can change.
    os.environ[ownership.VARIABLE] = str(_PLACE)
    return guarded(lambda: serve(lay_out(IMAGE, KEYS, _PLACE)))


def lay_out(image: Path, keys: Path, place: Path) -> Path:
    """Return the endpoint's folder in a new workspace at `place` with the models of the image.

    Raises
    ------
    UserError
        If keys are needed and there are none.
    """
    shutil.rmtree(place, ignore_errors=True)
    _, _, record, settings = read_endpoint(image)
    endpoint = Layout(place).endpoint(record.name)
    endpoint.logs.mkdir(parents=True)
    Layout(place).models.symlink_to(Layout(image).models)
    write_json(endpoint.record, record.to_json())
    if settings.needs_keys:
        made = {f"key-{number}": _hashed(key) for number, key in enumerate(_read(keys), 1)}
        write_json(endpoint.keys, {"format": 1, "keys": made})
    return endpoint.root


def _read(path: Path) -> list[str]:
    keys = [line.strip() for line in path.read_text().splitlines()] if path.is_file() else []
    if not any(keys):
        raise UserError(
            f"This container needs keys, and {path} has none",
            "Mount a file there with one key on each line, or package the model with --set auth=none",
        )
    return [key for key in keys if key]


def _hashed(key: str) -> dict[str, str]:
    return {"sha256": hashlib.sha256(key.encode()).hexdigest(), "created": now()}


if __name__ == "__main__":
    sys.exit(main())
