"""Options of containers: mounts, limits and variables."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from runner.environments.docker.engine import KIND, RUN, WORKSPACE
from runner.errors import UserError
from runner.worker import timeouts

# Variables for numerics and output, which are passed on. All others come from the image.
_WRITING = ("LANG", "LC_ALL", "TZ", "NO_COLOR", "PYTHONHASHSEED")
_COMPUTING = ("LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_PROCESSES = 1024  # processes and threads per core; Linux's default pid limit
_GONE = "bind source path does not exist"


@dataclass(frozen=True)
class Container:
    """Options for the containers of one environment. Sizes are in the engine's format (``512m``, ``2g``).

    `mounts` are triples of source, target and whether the mount is read-only.
    """

    image: str
    workspace: str
    network: str = "bridge"
    cpu: float | None = None
    memory: str | None = None
    shm_size: str | None = None
    gpus: str | None = None
    mounts: Sequence[tuple[str, str, bool]] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        """Return the options as plain data."""
        return asdict(self)

    def options(self, *, writable: Sequence[Path], readable: Sequence[Path], kind: str, run: str) -> dict[str, Any]:
        """Return the arguments of docker-py's ``create`` for a container that runs as the current user.

        Parameters
        ----------
        writable, readable : sequence of Path
            Files and folders of this machine, mounted at the same paths.
        kind, run : str
            The values of the labels `KIND` and `RUN`.
        """
        from docker.types import DeviceRequest, Mount

        places = {str(path): True for path in readable} | {str(path): False for path in writable}
        mounts = [Mount(path, path, type="bind", read_only=only) for path, only in places.items()]
        mounts += [Mount(target, source, type="bind", read_only=only) for source, target, only in self.mounts]
        options: dict[str, Any] = {
            "image": self.image,
            "user": f"{os.getuid()}:{os.getgid()}",
            "environment": _variables(),
            "labels": {KIND: kind, WORKSPACE: self.workspace, RUN: run},
            "mounts": mounts,
            "network": self.network,
            "entrypoint": [],
            "hostname": socket.gethostname()[:63],
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": _PROCESSES * (os.cpu_count() or 1),
            "healthcheck": {"test": ["NONE"]},
            "nano_cpus": int(self.cpu * 1e9) if self.cpu else None,
            "mem_limit": self.memory,
            "memswap_limit": self.memory,
            "shm_size": self.shm_size,
        }
        if self.gpus:
            request: dict[str, Any] = {"count": -1} if self.gpus == "all" else {"device_ids": self.gpus.split(",")}
            if self.gpus.isdigit():
                request = {"count": int(self.gpus)}
            options["device_requests"] = [DeviceRequest(capabilities=[["gpu"]], **request)]
        return {name: value for name, value in options.items() if value is not None}


def _variables() -> dict[str, str]:
    """Return the container's variables. A user without an entry in the image's passwd needs them."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "user"
    passed = {name: os.environ[name] for name in (*_WRITING, *_COMPUTING) if name in os.environ}
    return {
        "HOME": "/tmp",  # noqa: S108
        "USER": user,
        "LOGNAME": user,
        "PYTHONDONTWRITEBYTECODE": "1",
        **passed,
        **timeouts.variables(),
    }


def refusal(error: Exception) -> UserError:
    """Return a `UserError` for an engine's failure to create or start a container."""
    message = " ".join(str(getattr(error, "explanation", None) or error).split())
    if _GONE in message:
        path = message[message.index(_GONE) + len(_GONE) :].strip(" :")
        return UserError(
            f"The container engine does not see {path} of this machine",
            "It runs on another machine, or the folder is gone. Runs in containers need an engine on this machine",
        )
    if "could not select device driver" in message:
        return UserError(
            "environment.gpus: the container engine has no GPUs",
            "Install its NVIDIA toolkit, or remove the setting",
        )
    return UserError(f"The container could not be started: {message}")
