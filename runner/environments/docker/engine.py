"""Connects to the container engine, and defines the labels of our images and containers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner.errors import UserError

if TYPE_CHECKING:
    from docker import DockerClient

# Labels of images and containers.
KIND = "vivero.kind"  # of an image: environment, endpoint; of a container: run, warm, look, endpoint, build
KEY = "vivero.key"  # of an image: the environment's content key
WORKSPACE = "vivero.workspace"  # the root of the workspace that created it
RUN = "vivero.run"  # the run in the container
ENDPOINT = "vivero.endpoint"

_LOCAL = "unix:///var/run/docker.sock"


def connect(timeout: float = 60) -> DockerClient:
    """Return a client for the engine that ``DOCKER_HOST`` or the current context names.

    Raises
    ------
    UserError
        If no engine answers.
    """
    import docker

    place = _LOCAL
    try:
        host, tls = _address()
        place = host or _LOCAL
        if tls is None and os.environ.get("DOCKER_HOST"):
            client = docker.from_env(timeout=int(timeout), use_ssh_client=place.startswith("ssh://"))
        else:
            ssh = place.startswith("ssh://")
            client = docker.DockerClient(base_url=host, tls=tls or False, timeout=int(timeout), use_ssh_client=ssh)
        client.ping()
    except (docker.errors.DockerException, OSError, ValueError) as error:
        raise _user_error(place, error) from None
    return client


def _address() -> tuple[str | None, Any]:
    """Return the engine's address, and the TLS settings if a context has them."""
    from docker.context import ContextAPI

    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"], None
    context = ContextAPI.get_current_context()
    if context is None or context.Name == "default":
        return None, None
    return context.Host, context.TLSConfig


def _user_error(place: str, error: Exception) -> UserError:
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(cause, PermissionError) or "Permission denied" in str(cause) for cause in causes):
        return UserError(
            f"You do not have permission to use the container engine at {place}",
            "Join its group (sudo usermod -aG docker $USER, then log in again), or set DOCKER_HOST to your own",
        )
    return UserError(
        f"No container engine answers at {place}: {_cause(error)}",
        "Start it, or set DOCKER_HOST to an engine that is running",
    )


def _cause(error: Exception) -> str:
    if "FileNotFoundError" in str(error):
        return "the socket does not exist"
    if "ConnectionRefused" in str(error) or "Connection refused" in str(error):
        return "connection refused"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
