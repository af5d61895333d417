"""Container images as environments: an existing image, a Dockerfile, or a base image with a spec."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.environments.docker.containers import Container
from runner.environments.docker.dockerfile import DockerfileImage
from runner.environments.docker.engine import connect
from runner.environments.docker.handle import DockerHandle
from runner.environments.docker.image_cache import ImageCache, keep
from runner.environments.docker.images import ImagePython, by_id, find, probe
from runner.environments.docker.spec import SpecImage, read_spec
from runner.environments.requirements.local_packages import with_stored_wheels
from runner.environments.requirements.packages import lock_of
from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError
from runner.layout import Layout
from runner.ports.host import Host
from runner.ports.say import Say
from runner.records import EnvironmentRecord

if TYPE_CHECKING:
    from docker import DockerClient


_CONDA_BASE = "debian:bookworm-slim"  # conda packages bring their own Python


def _this_python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


class DockerEnvironment:
    """An environment in a container image.

    Parameters
    ----------
    layout : Layout
        The workspace.
    settings : DockerEnvironmentConfig
        See ``conf/environment/docker.yaml``.
    base : Path
        The folder that relative paths refer to.
    """

    def __init__(self, layout: Layout, settings: Any, base: Path = Path()) -> None:
        self.layout, self.settings, self.base = layout, settings, base

    def prepare(self, host: Host, say: Say) -> DockerHandle:
        """Find or build the image.

        Raises
        ------
        UserError
            If no engine answers, the image cannot be pulled or built, or it has no Python.
        """
        start = time.perf_counter()
        client, settings = connect(), self.settings
        if settings.image is not None and settings.dockerfile is not None:
            raise UserError("environment.image and environment.dockerfile cannot be combined", "Remove one of them")
        if settings.image is not None:
            image = find(client, settings.image, say)
            return self._handle(settings.image, image, probe(client, image, self.layout), start)
        return self._cached_image(client, host, say, start)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> DockerHandle:
        """Return the image of an earlier run, or rebuild it from its lock.

        Raises
        ------
        UserError
            If it cannot be restored. The message names the differences.
        """
        start = time.perf_counter()
        client, name = connect(), record.image or ""
        image = by_id(client, record.image_id)
        if image is None and self.settings.image is None:
            handle = self._cached_image(client, host, say, start, lock_text)
            if handle.record.key != record.key:
                raise UserError(
                    f"Image {name} no longer exists, and its Dockerfile or base image has changed since that run"
                )
            return handle
        image = image or find(client, name, say)
        if image.id != record.image_id:
            raise UserError(
                f"Image {name} has changed: it is {image.id[7:19]} now, and in that run {(record.image_id or '')[7:19]}"
            )
        probed = probe(client, image, self.layout)
        return self._handle(name, image, probed, start, key=record.key, lock=lock_text)

    def _cached_image(
        self, client: DockerClient, host: Host, say: Say, start: float, lock: str | None = None
    ) -> DockerHandle:
        """Return an image that vivero builds, from the given lock if there is one."""
        store = ImageCache(client, self.layout, self.settings.push, say)
        if self.settings.dockerfile is not None:
            return self._from_dockerfile(client, store, say, start)
        if self.settings.spec.kind == "conda":
            return self._from_conda(client, store, host, say, start, lock)
        return self._from_spec(client, store, say, start, lock)

    def _from_dockerfile(self, client: DockerClient, store: ImageCache, say: Say, start: float) -> DockerHandle:
        file = Path(self.base, Path(self.settings.dockerfile).expanduser()).absolute()
        context = Path(self.base, Path(self.settings.context).expanduser()) if self.settings.context else file.parent
        source = DockerfileImage(file, context.absolute())
        key = source.key()
        image, cached = store.get_or_build(key, lambda: source.build(client, key, str(self.layout.root), say))
        probed = probe(client, image, self.layout)
        return self._handle(store.name(key), image, probed, start, key=key, cached=cached, recipe=file.read_text())

    def _from_conda(
        self, client: DockerClient, store: ImageCache, host: Host, say: Say, start: float, lock: str | None
    ) -> DockerHandle:
        from runner.environments.docker.conda import CondaImage

        settings = self.settings
        source = CondaImage(client, self.layout, find(client, settings.base_image or _CONDA_BASE, say), say)
        lock = lock or source.lock(settings.spec, self.base, host, upgrade=settings.upgrade)
        key = source.key(lock)
        image, cached = store.get_or_build(key, lambda: source.build(lock, key, store.repository))
        probed = probe(client, image, self.layout)
        return self._handle(store.name(key), image, probed, start, key=key, cached=cached, lock=lock)

    def _from_spec(
        self, client: DockerClient, store: ImageCache, say: Say, start: float, lock: str | None
    ) -> DockerHandle:
        settings = self.settings
        wanted = read_spec(settings.spec, self.base, say)
        spec = with_stored_wheels(wanted, WheelStore(self.layout, upgrade=settings.upgrade), say)
        name = settings.base_image or f"python:{spec.python or _this_python()}-slim"
        base = find(client, name, say)
        probed = probe(client, base, self.layout)
        if spec.python and f"{probed.python_version}.".find(f"{spec.python}.") != 0:
            raise UserError(
                f"environment.spec.python={spec.python}, but the base image {name} has Python {probed.python_version}",
                "Remove environment.base_image, or choose another image",
            )
        source = SpecImage(client, self.layout, base, probed, say)
        lock = lock or source.lock(spec, upgrade=settings.upgrade)
        key = source.key(lock)
        image, cached = store.get_or_build(key, lambda: source.build(lock, key, store.repository))
        python, recipe = probe(client, image, self.layout), source.dockerfile(name, lock)
        return self._handle(store.name(key), image, python, start, key=key, cached=cached, lock=lock, recipe=recipe)

    def _handle(
        self, name: str, image: Any, probed: ImagePython, start: float, *, key: str | None = None, cached: bool = True,
        lock: str | None = None, recipe: str | None = None,
    ) -> DockerHandle:  # fmt: skip
        lock = lock if lock is not None else f"# image: {name}\n# id: {image.id}\n{lock_of(probed.packages)}"
        record = EnvironmentRecord(
            kind="docker",
            key=key or hashlib.sha256(image.id.encode()).hexdigest()[:32],
            prefix=probed.prefix,
            python=probed.python,
            python_version=probed.python_version,
            platform=probed.platform,
            packages=probed.packages,
            image=name,
            image_id=image.id,
            cached=cached,
        )
        keep(self.layout, record, lock, recipe)
        record = dataclasses.replace(record, seconds=round(time.perf_counter() - start, 4))
        return DockerHandle(record, lock, self._container(image.id))

    def _container(self, image: str) -> Container:
        settings, resources = self.settings, self.settings.resources
        mounts = [
            (str(Path(self.base, Path(mount.source).expanduser()).absolute()), mount.target, mount.readonly)
            for mount in settings.mounts
        ]
        return Container(
            image=image, workspace=str(self.layout.root), network=settings.network, cpu=resources.cpu,
            memory=resources.memory, shm_size=resources.shm_size, gpus=settings.gpus, mounts=mounts,
        )  # fmt: skip
