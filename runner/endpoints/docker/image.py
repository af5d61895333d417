"""The image of a model version: the image of its environment with a layer of the server's source and the model."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.image_contents import (
    NOBODY,
    PORT,
    VARIABLES,
    as_tar,
    contents,
    digest,
    health,
    health_check,
    repository_name,
)
from runner.environments.docker.engine import KEY, KIND, WORKSPACE
from runner.environments.docker.image_builder import build_name
from runner.errors import UserError
from runner.io.locks import locked
from runner.layout import Layout
from runner.ports.environment import EnvironmentHandle
from runner.ports.say import Say
from runner.records import ModelRecord
from runner.store.registry import FileRegistry

if TYPE_CHECKING:
    from docker import DockerClient

_SECOND = 1_000_000_000  # nanoseconds, the engine's unit
_REPOSITORY = "vivero-endpoint"
BUILDING = ".images.lock"  # in the workspace's endpoints; locked while an image is built


def build(
    client: DockerClient,
    layout: Layout,
    registry: FileRegistry,
    model: ModelRecord,
    environment: EnvironmentHandle,
    say: Say,
) -> str:
    """Return the name of a model version's image, building it if it does not exist.

    Raises
    ------
    UserError
        If the version has changed since it was registered, or the engine cannot build the image.
    """
    import docker

    files, base = contents(registry, model, EndpointSettings()), str(environment.record.image_id)
    configured = _configuration(environment.inside(["python"])[0])
    ingredients = [base, digest(files), json.dumps(configured, sort_keys=True)]
    key = hashlib.sha256("\n".join(ingredients).encode()).hexdigest()
    repository, tag = f"{_REPOSITORY}/{repository_name(model.name)}", f"{model.version}-{key[:12]}"
    layout.endpoints.mkdir(parents=True, exist_ok=True)
    with locked(layout.endpoints / BUILDING):
        if _is_there(client, f"{repository}:{tag}", key):
            return f"{repository}:{tag}"
        say(f"Adding {model.name}:{model.version} to image {base.removeprefix('sha256:')[:12]}")
        labels = {KEY: key, WORKSPACE: str(layout.root), "vivero.model": f"{model.name}:{model.version}"}
        try:
            container = client.containers.create(
                base, ["none"], name=build_name(), network_mode="none",
                labels={KIND: "build", WORKSPACE: str(layout.root)},
            )  # fmt: skip
            try:
                container.put_archive("/", as_tar(files))
                container.commit(repository, tag, conf={**configured, "Labels": {**labels, KIND: "endpoint"}})
            finally:
                container.remove(force=True)
        except docker.errors.DockerException as error:
            raise UserError(f"The image of {model.name}:{model.version} cannot be built: {reason(error)}") from None
    return f"{repository}:{tag}"


def unused_images(client: DockerClient, layout: Layout, needed: set[str]) -> list[str]:
    """Return the names of this workspace's model images that are not needed and that no container uses."""
    ours: Any = {"label": [f"{KIND}=endpoint", f"{WORKSPACE}={layout.root}"]}
    used = {container["ImageID"] for container in client.api.containers(all=True)}
    # `client.images.list` inspects each image separately, and fails if one was removed meanwhile.
    unused = [image for image in client.api.images(filters=ours) if image["Id"] not in used]
    names = [name for image in unused for name in image["RepoTags"] or ()]
    return sorted(name for name in names if name.startswith(_REPOSITORY) and name not in needed)


def _configuration(python: str) -> dict[str, Any]:
    """Return the default configuration of the image's containers."""
    check = health()
    return {
        "User": f"{NOBODY}:{NOBODY}",
        "Env": [f"{name}={value}" for name, value in VARIABLES.items()],
        "Entrypoint": [],
        "Cmd": [python, "-m", "serving.process.contained"],
        "WorkingDir": "/",
        "ExposedPorts": {f"{PORT}/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", *health_check(python)],
            "Interval": int(check["interval"] * _SECOND),
            "Timeout": int(check["timeout"] * _SECOND),
            "StartPeriod": int(check["start-period"] * _SECOND),
            "Retries": int(check["retries"]),
        },
    }


def reason(error: Exception) -> str:
    """Return an engine's error message as one line."""
    return " ".join(str(getattr(error, "explanation", None) or error).split())


def _is_there(client: DockerClient, name: str, key: str) -> bool:
    """Return whether the image exists and has this key."""
    import docker

    try:
        return bool(client.images.get(name).labels.get(KEY) == key)
    except docker.errors.ImageNotFound:
        return False
