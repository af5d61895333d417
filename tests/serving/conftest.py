"""Models registered for real, asked through the app in this process or through a server of their own."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from runner.layout import Layout
from runner.records import ModelRecord
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import DataPlane, Limits, Route
from serving.http.app import App
from serving.http.keys import Keys
from serving.observe.telemetry import Metrics, Telemetry
from tests.support.servers.live_server import Server
from tests.support.waiting import wait_for


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    return Metrics()  # Prometheus knows a name once a process


@pytest.fixture
def client(metrics: Metrics) -> Any:
    """Return a test client over models given by name."""

    def client(limits: Any = None, keys: Any = None, **models: Any) -> Any:
        plane = DataPlane(limits or Limits())
        record = ModelRecord(name="x", version=1, created="", artefact="m", sha256="", bytes=0)
        for name, model in models.items():
            served = ServedModel(dataclasses.replace(record, name=name), model)
            plane.routes = {**plane.routes, name: Route({1: served}, {1: 1.0})}
        app = App(plane, keys or Keys(None), Telemetry(metrics, None, None, 0)).flask
        app.json.sort_keys = False  # type: ignore[attr-defined] # a request's keys come in the order they are written in
        return app.test_client()

    return client


@pytest.fixture
def serve(layout: Layout) -> Iterator[Any]:
    started = []

    def serve(*words: str, before: tuple[str, ...] = ()) -> Any:
        server = Server(layout, *words, before=before)
        started.append(server)
        return server

    yield serve
    for server in started:
        if server.process.poll() is None:
            server.process.terminate()
            wait_for(lambda server=server: server.process.poll() is not None, 40)


@pytest.fixture
def registered_record() -> Any:
    return ModelRecord(name="x", version=1, created="", artefact="m", sha256="", bytes=0)
