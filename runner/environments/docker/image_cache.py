"""Caches images by content, locally and in a registry, so that no image is built twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runner.environments.build import LOCK, staging_path
from runner.environments.docker.engine import KEY
from runner.errors import UserError
from runner.io.files import write_json, write_text
from runner.io.locks import locked
from runner.layout import Layout
from runner.ports.say import Say
from runner.records import EnvironmentRecord

if TYPE_CHECKING:
    from docker import DockerClient

_NAME = "vivero"


class ImageCache:
    """The images that vivero built, named ``vivero:<key>``, locally and in a registry.

    Parameters
    ----------
    client : DockerClient
        The engine.
    layout : Layout
        The workspace.
    registry : str or None
        ``HOST[:PORT][/PATH]``. Images are pulled from it before a build and pushed to it after one.
    say : Say
        Receives lines of progress.
    """

    repository = _NAME

    def __init__(self, client: DockerClient, layout: Layout, registry: str | None, say: Say) -> None:
        self._client, self._layout, self._registry, self._say = client, layout, registry, say

    def name(self, key: str) -> str:
        """Return an image's name, with the registry if one is set."""
        return f"{self._registry.rstrip('/')}/{_NAME}:{key}" if self._registry else f"{_NAME}:{key}"

    def get_or_build(self, key: str, build: Callable[[], Any]) -> tuple[Any, bool]:
        """Return the image of a key, and whether it was cached. Only one process builds an image.

        Raises
        ------
        UserError
            If it cannot be pulled, built or pushed.
        """
        image = self._local(key)
        if image is not None:
            return image, True
        self._layout.environments.mkdir(parents=True, exist_ok=True)
        with locked(self._layout.environment_lock(key)):
            image = self._local(key)
            if image is not None:
                return image, True
            image = self._pulled(key)
            if image is not None:
                return image, True
            image = build()
            image.tag(_NAME, key)
            if self._registry:
                self._push(key, image)
        return image, False

    def _local(self, key: str) -> Any:
        import docker

        try:
            image = self._client.images.get(f"{_NAME}:{key}")
        except docker.errors.ImageNotFound:
            return None
        if image.labels.get(KEY) == key:
            return image
        self._say(f"{_NAME}:{key} is someone else's image and is rebuilt")
        return None

    def _pulled(self, key: str) -> Any:
        import docker

        if not self._registry:
            return None
        repository = self.name(key).rpartition(":")[0]
        try:
            image = self._client.images.pull(repository, key)
        except docker.errors.NotFound:
            return None
        except docker.errors.APIError as error:
            raise self._user_error(error) from None
        if image.labels.get(KEY) != key:
            raise UserError(
                f"{self.name(key)} does not contain the image that its tag names", "Remove it from the registry"
            )
        image.tag(_NAME, key)
        self._say(f"Pulled {self.name(key)}")
        return image

    def _push(self, key: str, image: Any) -> None:
        import docker

        repository = self.name(key).rpartition(":")[0]
        image.tag(repository, key)
        self._say(f"Pushing {self.name(key)}")
        try:
            for event in self._client.images.push(repository, key, stream=True, decode=True):
                if "error" in event:
                    raise self._user_error(event["error"])
        except docker.errors.APIError as error:
            raise self._user_error(error) from None

    def _user_error(self, error: object) -> UserError:
        message = " ".join(str(getattr(error, "explanation", None) or error).split())
        denied = any(word in message.lower() for word in ("unauthorized", "authentication", "denied", "no basic auth"))
        advice = f"Log in first: docker login {self._registry}" if denied else "Check environment.push"
        return UserError(f"Registry {self._registry}: {message}", advice)


def keep(layout: Layout, record: EnvironmentRecord, lock: str, recipe: str | None) -> None:
    """Store an image's record, lock and Dockerfile in the workspace, where they can be read without an engine."""
    target = layout.environment(record.key)
    if (target / "environment.json").exists():
        return
    layout.environments.mkdir(parents=True, exist_ok=True)
    with locked(layout.environment_lock(record.key)):
        if (target / "environment.json").exists():
            return
        with staging_path(layout.environments) as staging:
            staging.mkdir()
            write_text(staging / LOCK, lock)
            if recipe is not None:
                write_text(staging / "Dockerfile", recipe)
            write_json(staging / "environment.json", record.to_json())
            staging.rename(target)
