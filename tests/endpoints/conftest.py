"""Models that are served with few packages, and one image for all of them."""

import platform
import shutil
from typing import Any

import pytest

from runner.endpoints.environment import requirements
from runner.hosts.local import LocalHost
from runner.io.locks import locked
from runner.layout import Layout
from runner.records import ModelRecord
from runner.wiring import serving_image
from tests.support.servers.served import LOCK
from tests.support.suite import caches


@pytest.fixture
def register_here(register: Any) -> Any:
    """Register a model with a lock of what it needs."""

    def register_here(name: Any, model: Any, **changes: Any) -> Any:
        example = changes.pop("example", None)
        return register(name, model, example=example, lock=LOCK, python_version=platform.python_version(), **changes)

    return register_here


@pytest.fixture(scope="session")
def serving_environment(engine: Any, standing_image: str) -> Any:
    """Build the image that all endpoints of these tests begin with; return the workspace that has its lock.

    Both are kept for later runs: the workspace by what decides about the image, the image in the engine, where its
    labels name that workspace.
    """
    base = engine.images.get(standing_image)
    place = Layout(caches.folder("serving-image", caches.key(LOCK, base.id)))
    record = ModelRecord(
        name="x", version=1, created="", artefact="", sha256="", bytes=0, lock=LOCK, python_version="3.11"
    )
    with locked(place.root.with_suffix(".lock")):
        place.create()
        handle = serving_image(place, *requirements([record]), standing_image).prepare(LocalHost(), print)
    return place, handle


@pytest.fixture
def environment_is_known(serving_environment: Any, layout: Layout) -> None:
    """Let a workspace know that image and its lock, so that they are not looked for in the engine again."""
    shutil.copytree(serving_environment[0].environments, layout.environments, dirs_exist_ok=True)
