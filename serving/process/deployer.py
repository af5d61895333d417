"""Loads the versions in the endpoint's record, and switches to them only after they have been tested."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from runner.config.endpoint_settings import EndpointSettings
from runner.errors import UserError, nearest
from runner.io.clock import now
from runner.io.files import write_json
from runner.io.json_records import read_json, read_record
from runner.layout import EndpointLayout, Layout
from runner.records import Deployment, EndpointRecord, ModelRecord, ServerState
from runner.store.parity import keep_parity
from runner.store.registry import FileRegistry
from serving.data.rows import Rows
from serving.dataplane.loader import load
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import DataPlane, Route
from serving.dataplane.self_test import registered_example
from serving.errors import ServingError, quoted
from serving.observe.telemetry import Metrics

Loaded = dict[tuple[str, int], ServedModel]


class Deployer:
    """Loads and tests versions, and replaces the data plane's routes as a whole.

    If a version does not load, has another hash or fails on its example, the state file of this process says so, and
    the earlier versions stay in service. If none is in service yet, the endpoint's other models are served.
    """

    def __init__(self, layout: Layout, endpoint: EndpointLayout, plane: DataPlane, metrics: Metrics) -> None:
        self.layout, self.endpoint, self.plane, self.metrics = layout, endpoint, plane, metrics
        self.registry = FileRegistry(layout)
        self.loaded: Loaded = {}
        self.problem: str | None = None  # why the requested version is not served
        self.left_out: list[str] = []  # why some models are not served while others are
        self.generation = 0
        self._asked: Any = None
        self._message = ""
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Read the record and the aliases, and switch if they have changed."""
        with self._refreshing:
            self._refresh()

    def begin_in_process(self) -> None:
        """Start in a process forked from the loading process, and switch to the current record.

        If that fails, the versions loaded before the fork are served, unless the record or another process already has
        a later version.
        """
        self._count(self.loaded, 1)
        self.refresh()
        if self.problem is not None and self._is_outdated():
            self.plane.routes, self._asked = {}, None

    def _is_outdated(self) -> bool:
        """Return whether the endpoint's record or another server process has a later version."""
        own_models = set(self.loaded)
        for path in self.endpoint.states.glob("[0-9]*.json"):
            with contextlib.suppress(OSError, UserError, ValueError):  # the file of a process that is just ending
                state = read_record(path, ServerState)
                served = {(model.name, model.version) for model in state.served}
                if int(path.stem) != os.getpid() and served and served != own_models:
                    return True
        try:
            return self._record().generation != self.generation
        except (UserError, OSError, ValueError, KeyError, TypeError):
            return False  # not known

    def _refresh(self) -> None:
        try:
            record = self._record()
            wanted = [self._followed(deployment) for deployment in record.deployments]
            unloaded = read_unloaded(self.endpoint)
            wanted = [followed for followed in wanted if followed[0] not in unloaded]
            state = (record.generation, wanted)
            if state != self._asked:
                self._take_over(record, wanted)
                self._asked = state
            self.problem = None
        except (UserError, ServingError, OSError, ValueError) as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001 - a model may raise anything; the earlier version stays
            traceback.print_exc()
            self.problem = _message(error)
        self._write_state()

    def watch(self, seconds: float, also: Callable[[], None]) -> threading.Thread:
        """Refresh at regular intervals in a thread, and call `also` each time."""
        pause = threading.Event()

        def run() -> None:
            while not pause.wait(seconds):
                self.refresh()
                also()

        thread = threading.Thread(target=run, name="deployer", daemon=True)
        thread.start()
        return thread

    def load(self, name: str) -> None:
        """Serve a model again that was unloaded. All server processes follow within ``poll`` seconds.

        Raises
        ------
        ServingError
            404 if the endpoint has no such model.
        """
        self._check_known(name)
        self._write_unloaded(read_unloaded(self.endpoint) - {name})

    def unload(self, name: str) -> None:
        """Stop serving a model until it is loaded again or the server is restarted. Raises like `load`."""
        self._check_known(name)
        self._write_unloaded(read_unloaded(self.endpoint) | {name})

    def names(self) -> list[str]:
        """Return the names of all models of the endpoint, including unloaded ones."""
        return sorted({deployment.name for deployment in self._record().deployments})

    def _check_known(self, name: str) -> None:
        if name not in self.names():
            raise ServingError(
                404, "no_such_model", f"This endpoint has no model {quoted(name)}. {nearest(name, self.names())}"
            )

    def _write_unloaded(self, names: set[str]) -> None:
        write_json(self.endpoint.unloaded, sorted(names))
        self.refresh()

    def _record(self) -> EndpointRecord:
        return read_record(self.endpoint.record, EndpointRecord)

    def _followed(self, deployment: Deployment) -> tuple[str, int, float, bool]:
        """Return the name, the version, the weight and whether it only mirrors. Aliases are resolved again."""
        version = (
            self.registry.resolve(deployment.reference).version if "@" in deployment.reference else deployment.version
        )
        return deployment.name, version, deployment.weight, deployment.mirror

    def _take_over(self, record: EndpointRecord, wanted: list[tuple[str, int, float, bool]]) -> None:
        settings = EndpointSettings(**record.settings)
        loaded, left_out = self._ready_all(wanted, settings)
        routes: dict[str, Route] = {}
        for name in dict.fromkeys(name for name, _ in loaded):
            here = [followed for followed in wanted if followed[0] == name]
            weights = {version: weight for _, version, weight, mirror in here if not mirror and weight > 0}
            mirrors = [version for _, version, _, mirror in here if mirror]
            if not weights:
                raise UserError(f"No version of {name} has a weight above 0")
            versions = {version: loaded[name, version] for _, version, _, _ in here}
            routes[name] = Route(versions, weights, mirrors[0] if mirrors else None)
        self._count(self.loaded, 0)
        self.plane.routes, self.loaded, self.generation = routes, loaded, record.generation
        self.left_out = left_out
        self._count(loaded, 1)

    def _ready_all(
        self, wanted: list[tuple[str, int, float, bool]], settings: EndpointSettings
    ) -> tuple[Loaded, list[str]]:
        """Return all versions, and why models are left out. Models are left out only if nothing is served yet."""
        loaded: Loaded = {}
        left_out: list[str] = []
        first: Exception | None = None
        for name in dict.fromkeys(followed[0] for followed in wanted):
            try:
                versions = [version for model_name, version, _, _ in wanted if model_name == name]
                loaded |= {(name, version): self._ready(name, version, settings) for version in versions}
            except Exception as error:
                if self.plane.routes:
                    raise
                first = first or error
                left_out.append(f"{name} is not served: {_message(error)}")
        if first is not None and not loaded:
            raise first
        return loaded, left_out

    def _count(self, loaded: Mapping[tuple[str, int], ServedModel], value: int) -> None:
        for name, version in loaded:
            self.metrics.served.labels(name, str(version)).set(value)

    def _ready(self, name: str, version: int, settings: EndpointSettings) -> ServedModel:
        """Load and test a version. One that is already served is returned unchanged."""
        if (name, version) in self.loaded:
            return self.loaded[name, version]
        record = self.registry.read(name, version)
        warning = check_framework(record, allow=settings.allow_version_mismatch)
        batch = self.metrics.batch.labels(name)
        served = ServedModel(
            record,
            load(self.registry, record, settings.trusted),
            default_method=settings.method,
            warning=warning,
            accelerate=settings.accelerate,
            dates=settings.dates,
            patience=settings.timeout,
            observe_batch=batch.observe,
        )
        if served.parity is not None:
            self._keep_parity(served)
        example = registered_example(record)
        if example is not None:
            served.answer(Rows(example), None, settings.max_rows)
        return served

    def _keep_parity(self, served: ServedModel) -> None:
        report = {"time": now(), **served.parity} if served.parity else {}
        try:
            keep_parity(self.layout, served.record, report)
        except OSError as error:  # only others can write to the registry; the predictions are the same
            print(f"{now()} The parity report was not written: {error}", flush=True)

    def _write_state(self) -> None:
        served = [
            {
                "name": name,
                "version": version,
                "shorter": sorted(served.paths),
                "left": served.left,
                "onnx": served.accelerated,
                "shared_calls": [method for method in served.schema.methods if served.is_batched(method)],
                "warning": served.warning,
            }
            for (name, version), served in self.loaded.items()
        ]
        problem = self.problem or "; ".join(self.left_out) or None
        state = {"pid": os.getpid(), "generation": self.generation, "served": served, "problem": problem}
        message = json.dumps(state)
        if message == self._message:
            return
        if self.problem is not None and self.loaded:  # otherwise the server ends and reports it once
            print(f"{now()} Still serving the earlier versions: {self.problem}", flush=True)
        try:
            write_json(self.endpoint.states / f"{os.getpid()}.json", {**state, "time": now()})
        except OSError as error:
            print(f"{now()} The state cannot be written: {error}", flush=True)
            return
        self._message = message


def _message(error: Exception) -> str:
    return str(error) if isinstance(error, UserError | ServingError | OSError) else f"{type(error).__name__}: {error}"


def read_unloaded(endpoint: EndpointLayout) -> set[str]:
    """Return the names of the models that clients have unloaded."""
    try:
        content = read_json(endpoint.unloaded)
    except FileNotFoundError:
        return set()
    return {name for name in content if isinstance(name, str)} if isinstance(content, list) else set()


def check_framework(record: ModelRecord, *, allow: bool) -> str | None:
    """Return a warning for every answer if scikit-learn differs from the model's, or None.

    Raises
    ------
    UserError
        If the major.minor version differs and that is not allowed.
    """
    import sklearn

    if record.fits_framework(sklearn.__version__):
        return None
    made, here = f"scikit-learn {record.framework_version}", sklearn.__version__
    message = f"Model {record.name}:{record.version} was made with {made}, this server has {here}"
    if not allow:
        raise UserError(
            message, "Deploy it as a separate endpoint, or serve it anyway with allow_version_mismatch=true"
        )
    return message
