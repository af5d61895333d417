"""The data plane: models by name and version, with one interface for all protocols."""

from __future__ import annotations

import queue
import random
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from runner.errors import nearest
from serving.data.rows import Rows
from serving.dataplane.model import ServedModel
from serving.errors import ServingError, listed, quoted

_LONGEST_NAME = 200  # characters of an unknown name that are compared with known ones


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Parameters
    ----------
    max_rows : int
        Rows per request.
    large_rows : int
        A request with at least this many rows is large. A model answers one large request at a time and refuses others.
    queue : int
        Requests in progress or waiting, over all models.
    """

    max_rows: int = 100_000
    large_rows: int = 2_000
    queue: int = 256


@dataclass(frozen=True)
class Answer:
    """A model's answer. `values` is an array, or a list of arrays for several outputs."""

    values: Any
    method: str
    served: ServedModel


@dataclass(frozen=True)
class Route:
    """The versions of one model with their shares of the traffic, and the version that only mirrors it, if any."""

    versions: Mapping[int, ServedModel]
    weights: Mapping[int, float] = field(default_factory=dict)
    mirror: int | None = None

    def pick(self, version: int | None) -> ServedModel:
        """Return the requested version, or one chosen by weight.

        Raises
        ------
        ServingError
            404 if the version is not served.
        """
        if version is not None:
            model = self.versions.get(version)
            if model is None:
                served = listed(sorted(self.versions))
                raise ServingError(404, "no_such_version", f"Version {version} is not served here. Served: {served}")
            return model
        if len(self.weights) == 1:
            return self.versions[next(iter(self.weights))]
        numbers = list(self.weights)
        return self.versions[random.choices(numbers, [self.weights[number] for number in numbers])[0]]  # noqa: S311 - a share


class DataPlane:
    """The models of a server. Routes are replaced as a whole, so a request sees either the old or the new ones."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.routes: Mapping[str, Route] = {}
        self.draining = False
        self.mirror = Mirror()
        self._places = threading.BoundedSemaphore(self.limits.queue)

    @property
    def ready(self) -> bool:
        """Whether requests will be answered."""
        return bool(self.routes) and not self.draining

    def is_quick(self, beside_large: bool = False) -> bool:
        """Return whether every model answers a small request within a millisecond or two.

        While a large request is in progress, models that batch do not: small requests wait for it.
        """
        if beside_large and self.shares_calls():
            return False
        return all(served.quick for route in self.routes.values() for served in route.versions.values())

    def route(self, name: str | None) -> Route:
        """Return the route of a model. Without a name, return the only route.

        Raises
        ------
        ServingError
            404 if the model is not served, 400 if the name is missing and there are several models, 503 if no model is
            loaded.
        """
        if not self.routes:
            raise ServingError(503, "not_ready", "No model is loaded yet", retry_after=1)
        if name is None:
            if len(self.routes) > 1:
                message = f"This server has several models. Name one of {listed(sorted(self.routes))}"
                raise ServingError(400, "which_model", message)
            return next(iter(self.routes.values()))
        route = self.routes.get(name)
        if route is None:
            hint = nearest(name[:_LONGEST_NAME], self.routes)
            raise ServingError(404, "no_such_model", f"Model {quoted(name)} is not served here. {hint}")
        return route

    def answers(
        self, route: Route, served: ServedModel, rows: Rows, methods: Sequence[str | None], *, mirrored: bool
    ) -> list[Answer]:
        """Return one version's answers to the rows, one per method.

        Raises
        ------
        ServingError
            If a method cannot be answered; see its status.
        """
        if not self._places.acquire(blocking=False):
            message = f"{self.limits.queue} requests are already in progress. Try again later"
            raise ServingError(429, "busy", message, retry_after=1)
        try:
            answers = self._ask(served, rows, methods)
            if mirrored:
                self.show_mirror(route, rows, answers[0].method)
            return answers
        finally:
            self._places.release()

    def shares_calls(self) -> bool:
        """Return whether some model batches requests."""
        routes = self.routes.values()
        return any(served.is_batched(served.default_method) for route in routes for served in route.versions.values())

    def show_mirror(self, route: Route, rows: Rows, method: str) -> None:
        """Send a request to the route's mirror, if it has one."""
        if route.mirror is not None:
            self.mirror.mirror_request(route.versions[route.mirror], rows, method, self.limits.max_rows)

    def _ask(self, served: ServedModel, rows: Rows, methods: Sequence[str | None]) -> list[Answer]:
        large = isinstance(rows.values, list | np.ndarray) and len(rows.values) >= self.limits.large_rows
        if large and not served.large.acquire(blocking=False):
            message = "Another large request is being processed. Try again later, or send fewer rows"
            raise ServingError(429, "busy", message, retry_after=2)
        try:
            answers = []
            for method in methods:
                own_rows = rows if len(methods) == 1 else _copy(rows)
                values, used = served.answer(own_rows, method, self.limits.max_rows)
                answers.append(Answer(values, used, served))
            return answers
        finally:
            if large:
                served.large.release()


def _copy(rows: Rows) -> Rows:
    """Return a copy, because a model may write to its matrix, as a StandardScaler with copy=False does."""
    return Rows(rows.values.copy(), rows.columns) if isinstance(rows.values, np.ndarray) else rows


class Mirror:
    """Sends rows to another version in a separate thread. Its answers are counted and discarded.

    While 64 requests wait, further ones are skipped, so that a slow version delays no answer.
    """

    def __init__(self, count: Callable[[ServedModel, str], None] = lambda _served, _outcome: None) -> None:
        self.count = count
        self._queue: queue.Queue[tuple[ServedModel, Rows, str, int]] = queue.Queue(64)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def mirror_request(self, served: ServedModel, rows: Rows, method: str, most_rows: int) -> None:
        """Queue the rows of a request."""
        with self._starting:  # requests arrive in several threads
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait((served, rows, method, most_rows))
        except queue.Full:
            self.count(served, "left_out")

    def _run(self) -> None:
        while True:
            served, rows, method, max_rows = self._queue.get()
            try:
                served.answer(rows, method, max_rows)
            except ServingError as error:
                self.count(served, error.code)
            except Exception:  # noqa: BLE001 - a bug in one answer must not end the mirror
                traceback.print_exc()
                self.count(served, "internal")
            else:
                self.count(served, "answered")
