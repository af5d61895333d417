"""The way to the container engine, and the labels by which what is ours is known there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.errors import UserError

if TYPE_CHECKING:
    from docker import DockerClient

# Labels of images and containers.
KIND = "vivero.kind"  # of an image: environment, endpoint; of a container: run, warm, endpoint, build
KEY = "vivero.key"  # of an image: the environment's content key
WORKSPACE = "vivero.workspace"  # the root of the workspace that made it
RUN = "vivero.run"  # the run that a container carries out
ENDPOINT = "vivero.endpoint"


def connect(timeout: float = 60) -> DockerClient:
    """Return a client of the engine that ``DOCKER_HOST`` or the current context names.

    Raises
    ------
    UserError
        If none answers.
    """
    import docker

    try:
        client = docker.from_env(timeout=int(timeout))
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        raise UserError(f"No container engine answers: {error}", "Start it, or set DOCKER_HOST") from None
    return client
