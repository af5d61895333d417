"""Models registered for real, asked through the app in this process or through a server of their own."""

import dataclasses
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.layout import Layout
from runner.records import ModelRecord
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import DataPlane, Limits, Route
from serving.http.app import App
from serving.http.keys import Keys
from serving.observe.telemetry import Metrics, Telemetry
from tests.support.command_line import ROOT
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


class Server:
    """A server of its own, started as a user does."""

    def __init__(self, layout: Layout, *words: str, before: tuple[str, ...] = ()) -> None:
        self.layout = layout
        variables = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", "serving", f"workspace.root={layout.root}", "port=0", *words],
            cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.said: list[str] = []
        self.address = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line.startswith("Serving "):
                self.address = line.split()[-1]
                break

    def ask(self, path: Any, body: Any = None, *, method: Any = None, **headers: Any) -> Any:
        """Return status, headers and content."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **{key.replace("_", "-"): one for key, one in headers.items()}}
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def state(self) -> Any:
        """Return what each server process says of itself."""
        found = [json.loads(path.read_bytes()) for path in self.layout.endpoints.glob("*/states/[0-9]*.json")]
        return [one for one in found if Path(f"/proc/{one['pid']}").exists()]

    def stop(self) -> Any:
        self.process.terminate()
        return self.process.wait(40)


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
