"""A model version as a folder that an image is built from elsewhere, without this tool."""

from __future__ import annotations

import json

from runner.endpoint_settings import EndpointSettings
from runner.endpoints.contents import HEALTH, INSIDE, NOBODY, PORT, VARIABLES, contents, health_check
from runner.endpoints.settings import check_settings
from runner.errors import UserError
from runner.ports import Registry
from runner.records import ModelRecord

KEYS = "/run/secrets/vivero-keys"  # as in serving/contained.py
_PREFIX = "/opt/vivero"
_LATER = ("kind", "name", "host", "port", "restart", "cpu", "memory", "network", "allow_version_mismatch")


def check(settings: EndpointSettings) -> EndpointSettings:
    """Return the settings of a container by itself.

    Raises
    ------
    UserError
        For one that cannot be, and for what is said when the container is started.
    """
    usual = EndpointSettings()
    for name in _LATER:
        if getattr(settings, name) != getattr(usual, name):
            raise UserError(f"{name} is no setting of a package", "It is said when the container is started: README.md")
    settings.kind = "docker"
    check_settings(settings)
    return settings


def package(
    registry: Registry, model: ModelRecord, settings: EndpointSettings, lock: str, python: str
) -> dict[str, bytes]:
    """Return the files of the folder by their paths.

    Parameters
    ----------
    registry : Registry
        Where the version is.
    model : ModelRecord
        The version.
    settings : EndpointSettings
        How it is served.
    lock : str
        Pins with hashes of the model's packages and the server's.
    python : str
        ``X.Y`` of the model.

    Raises
    ------
    UserError
        If the version is not what was registered.
    """
    base = settings.base_image or f"python:{python}-slim"
    files = {f"vivero/{name}": content for name, content in contents(registry, model, settings).items()}
    return {
        **files,
        "Dockerfile": _dockerfile(base).encode(),
        "requirements.lock": lock.encode(),
        "README.md": _readme(model, settings, base).encode(),
    }


def _dockerfile(base: str) -> str:
    python = f"{_PREFIX}/bin/python"
    variables = " ".join(f"{name}={value}" for name, value in VARIABLES.items())
    health = " ".join(f"--{name}={value}{'' if name == 'retries' else 's'}" for name, value in HEALTH.items())
    return (
        f"FROM {base}\n"
        "COPY requirements.lock /tmp/requirements.lock\n"
        f"RUN python3 -m venv {_PREFIX} \\\n"
        f" && {python} -m pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock\n"
        f"COPY vivero {INSIDE}\n"
        f"ENV {variables}\n"
        f"USER {NOBODY}:{NOBODY}\n"
        "WORKDIR /\n"
        f"EXPOSE {PORT}\n"
        f"HEALTHCHECK {health} CMD {json.dumps(health_check(python))}\n"
        "ENTRYPOINT []\n"
        f'CMD ["{python}", "-m", "serving.contained"]\n'
    )


def _readme(model: ModelRecord, settings: EndpointSettings, base: str) -> str:
    name = f"{model.name}:{model.version}"
    keys, header = "", ""
    if settings.auth != "none":
        keys = f" \\\n  --mount type=bind,source=$PWD/keys,target={KEYS},readonly"
        header = ' -H "Authorization: Bearer $(head -1 keys)"'
    example = model.inspection.example_input if model.inspection else None
    body = json.dumps({"data": example}) if isinstance(example, list) else '{"data": [[...]]}'
    limits = "".join(
        f" --{option}={value:g}{unit}"
        for option, unit, value in (
            ("cpus", "", model.resources.get("cpu")), ("memory", "g", model.resources.get("memory_gb")),
        )
        if value
    )  # fmt: skip
    making = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > keys # one key a line, chmod go-w\n"
    return (
        f"# {name}\n\n"
        f"What builds an image that serves the scikit-learn model {name} over HTTP: `Dockerfile`, `requirements.lock` (each\n"
        "package with its version and hashes) and `vivero/` (the server's source, the model, how it is served). The model\n"
        "is read only if its SHA-256 is the one in `model.json`.\n\n"
        "```\n"
        f"docker build -t {model.name.lower()} .\n"
        f"{'' if not keys else making}"
        f"docker run --rm --read-only --tmpfs /tmp --cap-drop=ALL --security-opt=no-new-privileges{limits} \\\n"
        f"  -p 127.0.0.1:{PORT}:{PORT}{keys} \\\n"
        f"  {model.name.lower()}\n"
        f"curl{header} -H 'Content-Type: application/json' -d '{body}' http://127.0.0.1:{PORT}/score\n"
        "```\n\n"
        f"`FROM {base}` is a name that moves: write `NAME@sha256:...` to build the same again later. The container runs as\n"
        f"user {NOBODY}; `GET /v2/health/ready` tells whether it answers, `GET /v2/health/live` whether it lives.\n"
        + (f"It answers with a key only; a file with one key a line is at `{KEYS}`.\n" if keys else "")
    )
