"""An image of a base image and conda packages, which are installed on this machine for their path in the image."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.environments.build import staging_path
from runner.environments.conda.environment import CondaEnvironment
from runner.environments.docker.engine import KEY, KIND, WORKSPACE
from runner.environments.docker.image_builder import build_name, committed
from runner.environments.docker.spec import PREFIX, PRESET
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host
from runner.ports.say import Say

if TYPE_CHECKING:
    from docker import DockerClient

_FORMAT = "conda 1"  # version of the build steps


class CondaImage:
    """A base image with conda packages. It needs no Python of its own.

    Parameters
    ----------
    client : DockerClient
        The engine.
    layout : Layout
        The workspace.
    base : Image
        The base image.
    say : Say
        Receives lines of progress.
    """

    def __init__(self, client: DockerClient, layout: Layout, base: Any, say: Say) -> None:
        self._client, self._layout, self._base, self._say = client, layout, base, say

    def lock(self, settings: Any, base: Path, host: Host, *, upgrade: bool) -> str:
        """Return the lock for a spec.

        Raises
        ------
        UserError
            If there is no solution.
        """
        packages = list(settings.packages) or ([] if settings.file else PRESET)
        environment = CondaEnvironment(
            self._layout, file=settings.file, packages=packages, python=settings.python,
            channels=list(settings.channels), upgrade=upgrade, base=base,
        )  # fmt: skip
        return environment.lock(host, self._say)

    def key(self, lock: str) -> str:
        """Return the image's cache key."""
        return hashlib.sha256("\n".join([_FORMAT, self._base.id, lock]).encode()).hexdigest()[:32]

    def build(self, lock: str, key: str, repository: str) -> Any:
        """Build the image.

        Raises
        ------
        UserError
            If a package is not available, or the engine reports an error.
        """
        import docker

        from runner.environments.conda.install import install

        self._say(f"Building image {key[:12]} from conda packages")
        container = None
        try:
            with staging_path(self._layout.environments) as folder:
                install(lock, folder, PREFIX, self._say, WheelStore(self._layout))
                container = self._client.containers.create(
                    self._base.id, ["none"], name=build_name(),
                    labels={KIND: "build", WORKSPACE: str(self._layout.root)},
                )  # fmt: skip
                archive = folder.with_suffix(".tar")
                try:
                    _pack(folder, archive)
                    with archive.open("rb") as content:
                        container.put_archive("/", content)
                finally:
                    archive.unlink(missing_ok=True)
            labels = {KIND: "environment", KEY: key, WORKSPACE: str(self._layout.root)}
            variables = {"PATH": f"{PREFIX}/bin", "CONDA_PREFIX": PREFIX}
            return committed(container, self._base, f"{repository}:{key}", labels, variables)
        except docker.errors.APIError as error:
            raise UserError(f"The image could not be built: {' '.join(str(error).split())}") from None
        finally:
            if container is not None:
                container.remove(force=True)


def _pack(folder: Path, archive: Path) -> None:
    """Pack a folder as it will be in the image: at the prefix, owned by root."""

    def owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    with tarfile.open(archive, "w") as packed:
        packed.add(folder, PREFIX.lstrip("/"), filter=owned_by_root)
