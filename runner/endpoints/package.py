"""Packages a model version as a folder from which an image can be built without vivero."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.image_contents import (
    INSIDE,
    NOBODY,
    PORT,
    VARIABLES,
    contents,
    health,
    health_check,
    repository_name,
)
from runner.endpoints.settings import check_settings
from runner.errors import UserError
from runner.records import ModelRecord
from runner.store.registry import FileRegistry

KEYS = "/run/secrets/vivero-keys"  # as in serving/process/contained.py
WHEELS = "/tmp/wheels"  # noqa: S108 - in an image during its build
_PREFIX = "/opt/vivero"
_DOCKERFILE = """\
FROM {base}
COPY requirements.lock /tmp/requirements.lock
{copies}RUN python3 -m venv {prefix} \\
 && {python} -m pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
COPY vivero {inside}
ENV {variables}
USER {user}:{user}
WORKDIR /
EXPOSE {port}
HEALTHCHECK {health} CMD {check}
ENTRYPOINT []
CMD {command}
"""
_README = """\
# {name}

This folder builds an image that serves the scikit-learn model {name} over HTTP. It has a `Dockerfile`,
`requirements.lock` (each package with its version and hashes) and `vivero/` (the server's source, the model and the
settings). The model is loaded only if its SHA-256 is the one in its `model.json`.

```
docker build -t {image} .
{make_key}docker run --rm --read-only --tmpfs /tmp --cap-drop=ALL --security-opt=no-new-privileges{limits} \\
  -p 127.0.0.1:{port}:{port}{mount_keys} {image}
curl{header} -H 'Content-Type: application/json' -d '{body}' http://127.0.0.1:{port}/score
```

The container runs as user {user}; `GET /v2/health/ready` tells whether it answers. The name in `FROM {base}` can
move to another image. Write `NAME@sha256:...` there to build on the same one later.
{keys}"""
_MAKE_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > keys\n"
_MOUNT_KEYS = " \\\n  --mount type=bind,source=$PWD/keys,target={keys},readonly"
_HEADER = ' -H "Authorization: Bearer $(head -n 1 keys)"'
_ABOUT_KEYS = "It needs a key with each request, and reads the keys from `{keys}`, one on each line.\n"
_LATER = ("kind", "name", "host", "port", "restart", "cpu", "memory", "network", "allow_version_mismatch")


def check(settings: EndpointSettings) -> EndpointSettings:
    """Return the checked settings of a packaged container.

    Raises
    ------
    UserError
        For invalid settings, and for those that are only set when the container is started.
    """
    usual = EndpointSettings()
    for name in _LATER:
        if getattr(settings, name) != getattr(usual, name):
            raise UserError(f"{name} cannot be set for a package", "Set it when you start the container: see README.md")
    settings.kind = "docker"
    check_settings(settings)
    return settings


def package(
    registry: FileRegistry,
    model: ModelRecord,
    settings: EndpointSettings,
    lock: str,
    python: str,
    wheels: Sequence[Path],
) -> dict[str, bytes]:
    """Return the contents of the folder's files by path.

    Parameters
    ----------
    registry : FileRegistry
        The registry that contains the version.
    model : ModelRecord
        The version.
    settings : EndpointSettings
        The container's settings.
    lock : str
        Pins with hashes of the model's packages and the server's. Packages that are on no index are in `WHEELS`.
    python : str
        The model's Python version, ``X.Y``.
    wheels : sequence of Path
        The packages of the lock that are on no index.

    Raises
    ------
    UserError
        If the version has changed since it was registered.
    """
    base = settings.base_image or f"python:{python}-slim"
    files = {f"vivero/{name}": content for name, content in contents(registry, model, settings).items()}
    return {
        **files,
        **{f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels},
        "Dockerfile": _dockerfile(base, wheels).encode(),
        "requirements.lock": lock.encode(),
        "README.md": _readme(model, settings, base).encode(),
    }


def _dockerfile(base: str, wheels: Sequence[Path]) -> str:
    python = f"{_PREFIX}/bin/python"
    return _DOCKERFILE.format(
        base=base,
        copies=f"COPY wheels {WHEELS}\n" if wheels else "",
        prefix=_PREFIX,
        python=python,
        inside=INSIDE,
        variables=" ".join(f"{name}={value}" for name, value in VARIABLES.items()),
        user=NOBODY,
        port=PORT,
        health=" ".join(f"--{name}={value:g}{'' if name == 'retries' else 's'}" for name, value in health().items()),
        check=json.dumps(health_check(python)),
        command=json.dumps([python, "-m", "serving.process.contained"]),
    )


def _readme(model: ModelRecord, settings: EndpointSettings, base: str) -> str:
    options = [f"--cpus={model.resources['cpu']:g}"] if model.resources.get("cpu") else []
    options += [f"--memory={model.resources['memory_gb']:g}g"] if model.resources.get("memory_gb") else []
    open_to_all = settings.auth == "none"
    return _README.format(
        name=f"{model.name}:{model.version}",
        image=repository_name(model.name),
        base=base,
        port=PORT,
        user=NOBODY,
        limits="".join(f" {option}" for option in options),
        make_key="" if open_to_all else _MAKE_KEY,
        mount_keys="" if open_to_all else _MOUNT_KEYS.format(keys=KEYS),
        header="" if open_to_all else _HEADER,
        body=json.dumps(_rows(model)).replace("'", "'\\''"),
        keys="" if open_to_all else _ABOUT_KEYS.format(keys=KEYS),
    )


def _rows(model: ModelRecord) -> dict[str, Any]:
    """Return an example request with the registered example, or else a row of zeros."""
    inspection = model.inspection
    example = inspection.example_input if inspection else None
    if isinstance(example, dict) and "data" in example:
        return {"input_data": example} if "columns" in example else {"data": example["data"]}
    if isinstance(example, list):
        return {"data": example}
    row = [0.0] * ((inspection.features if inspection else None) or 1)
    names = inspection.feature_names if inspection else None
    return {"input_data": {"columns": names, "data": [row]}} if names else {"data": [row]}
