"""Container images as environments: one that is there, one made from a Dockerfile, or a base image and a spec."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from pathlib import Path
from typing import Any

from runner.environments.docker.containers import Container
from runner.environments.docker.engine import connect
from runner.environments.docker.handle import DockerHandle
from runner.environments.docker.images import Probed, find, probe
from runner.environments.packages import lock_of
from runner.errors import UserError
from runner.layout import Layout
from runner.ports import Host, Say
from runner.records import EnvironmentRecord


class DockerEnvironment:
    """An environment in a container image.

    Parameters
    ----------
    layout : Layout
        The workspace.
    settings : DockerEnvironmentConfig
        See ``conf/environment/docker.yaml``.
    base : Path
        Where relative paths start.
    """

    def __init__(self, layout: Layout, settings: Any, base: Path = Path()) -> None:
        self.layout, self.settings, self.base = layout, settings, base

    def prepare(self, host: Host, say: Say) -> DockerHandle:
        """Find or build the image, and return it.

        Raises
        ------
        UserError
            If there is no engine, or the image cannot be had or built, or has no Python.
        """
        del host  # the engine is where DOCKER_HOST says
        start = time.perf_counter()
        client = connect()
        image = find(client, self.settings.image, say)
        return self._handle(self.settings.image, image, probe(client, image, self.layout), start)

    def restore(self, record: EnvironmentRecord, lock_text: str, host: Host, say: Say) -> DockerHandle:
        """Return the very image of an earlier run.

        Raises
        ------
        UserError
            If it cannot be had again.
        """
        del host, lock_text
        start = time.perf_counter()
        client = connect()
        assert record.image is not None  # noqa: S101 - written with every environment of this kind
        image = find(client, record.image, say)
        if image.id != record.image_id:
            raise UserError(
                f"Image {record.image} is another one now: {image.id[7:19]}, in that run {(record.image_id or '')[7:19]}"
            )
        return self._handle(record.image, image, probe(client, image, self.layout), start)

    def _handle(self, name: str, image: Any, found: Probed, start: float) -> DockerHandle:
        lock = f"# image: {name}\n# id: {image.id}\n{lock_of(found.packages)}"
        record = EnvironmentRecord(
            kind="docker",
            key=hashlib.sha256(image.id.encode()).hexdigest()[:32],
            prefix=found.prefix,
            python=found.python,
            python_version=found.python_version,
            platform=found.platform,
            packages=found.packages,
            image=name,
            image_id=image.id,
            cached=True,
        )
        record = dataclasses.replace(record, seconds=round(time.perf_counter() - start, 4))
        return DockerHandle(record, lock, self._container(image.id))

    def _container(self, image: str) -> Container:
        settings, resources = self.settings, self.settings.resources
        mounts = [
            (str(Path(self.base, Path(one.source).expanduser()).absolute()), one.target, one.readonly)
            for one in settings.mounts
        ]
        return Container(
            image=image, workspace=str(self.layout.root), network=settings.network, cpu=resources.cpu,
            memory=resources.memory, shm_size=resources.shm_size, gpus=settings.gpus, mounts=mounts,
        )  # fmt: skip
