"""Models that are served with few packages, and one image for all of them."""

import json
import platform

import pytest

from runner.endpoints.environment import requirements
from runner.environments.packages import installed_packages
from runner.hosts.local import LocalHost
from runner.layout import Layout
from runner.records import ModelRecord
from runner.wiring import serving_image
from tests.environments.docker.conftest import base_image, engine, private_engine, swept  # noqa: F401
from tests.serving.conftest import layout, register  # noqa: F401

_NEEDED = ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "narwhals")
_HERE = installed_packages()
LOCK = "".join(f"{one}=={_HERE[one]}\n" for one in _NEEDED if one in _HERE)
PINS = [line for line in LOCK.splitlines() if line]


@pytest.fixture
def register_here(register):  # noqa: F811 - the fixtures imported
    """Register a model with a lock of what it needs."""

    def register_here(name, model, **changes):
        example = changes.pop("example", None)
        return register(name, model, example=example, lock=LOCK, python_version=platform.python_version(), **changes)

    return register_here


@pytest.fixture(scope="session")
def serving_environment(engine, base_image, tmp_path_factory):  # noqa: F811
    """Build the image that all endpoints of these tests begin with; return the workspace that has its lock."""
    place = Layout(tmp_path_factory.mktemp("serving") / "workspace")
    place.create()
    record = ModelRecord(
        name="x", version=1, created="", artefact="", sha256="", bytes=0, lock=LOCK, python_version="3.11"
    )
    handle = serving_image(place, *requirements(record), base_image).prepare(LocalHost(), print)
    yield place, handle
    engine.images.remove(handle.record.image, force=True)


def state_of(container):
    """Return what the engine says of a container now."""
    container.reload()
    return json.loads(json.dumps(container.attrs["State"]))
