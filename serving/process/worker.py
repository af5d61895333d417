"""Assembles one server process. Threads are started only after the fork."""

from __future__ import annotations

import contextlib
import gc
import logging
import math
import os
import random
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import uvicorn

from serving.dataplane.plane import DataPlane, Limits
from serving.http.app import App
from serving.http.connections.connection import Connection
from serving.http.connections.listening import Listening
from serving.http.connections.memory_budget import MemoryBudget, descriptors_left
from serving.http.gateway import Gateway
from serving.http.keys import Keys
from serving.observe.telemetry import LineLog, Metrics, Sample, Telemetry
from serving.process import false_warnings
from serving.process.deployer import Deployer
from serving.process.settings import read_endpoint

_AT_A_TIME, _WAITING = 64, 4096  # connections


def load(folder: Path) -> Deployer:
    """Load an endpoint's models, which its server processes share. No thread is started here."""
    false_warnings.silence()
    layout, endpoint, _, settings = read_endpoint(folder)
    metrics = Metrics()
    plane = DataPlane(Limits(settings.max_rows, settings.large_rows, settings.queue))
    for below in (endpoint.states, endpoint.logs):
        below.mkdir(parents=True, exist_ok=True)
    plane.mirror.count = lambda served, outcome: metrics.mirrored.labels(
        served.name, str(served.version), outcome
    ).inc()
    deployer = Deployer(layout, endpoint, plane, metrics)
    deployer.refresh()
    gc.collect()
    # Loaded models stay for the life of the process. Collecting them would delay requests by tens of milliseconds, and
    # write to shared memory.
    gc.freeze()
    return deployer


def make_application(folder: Path, deployer: Deployer) -> App:
    """Return the application of an endpoint and start its threads. Without models it answers 503."""
    _, endpoint, _, settings = read_endpoint(folder)
    metrics = deployer.metrics
    # In a container this is a link to the folder on the host. A link that replaces it later is not followed.
    keys = Keys(endpoint.keys.resolve() if settings.needs_keys else None)
    log_bytes = int(settings.log_megabytes * 2**20)
    access = LineLog(endpoint.access_log, metrics.dropped, log_bytes)
    payloads = LineLog(endpoint.payloads, metrics.dropped, log_bytes) if settings.log_payloads > 0 else None
    telemetry = Telemetry(metrics, access, payloads, settings.log_payloads)
    deployer.watch(settings.poll, keys.refresh)
    return App(
        deployer.plane,
        keys,
        telemetry,
        hosts=settings.known_hosts,
        memory_budget=MemoryBudget(int(settings.max_megabytes_at_once * 2**20), descriptors_left()),
        max_bytes=int(settings.max_megabytes * 2**20),
        cors=tuple(settings.cors),
        shared_metrics=endpoint.metrics if settings.workers > 1 else None,
        repository=deployer,
    )


class Server(uvicorn.Server):
    """A uvicorn server that accepts few connections at a time, while many may wait.

    asyncio calls accept as often as its backlog is long, even if each call fails because descriptors have run out,
    and logs each failure.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start accepting connections."""
        await super().startup(sockets)
        for listener in sockets or ():
            listener.listen(_WAITING)


def make_server(folder: Path, app: App, heartbeat: Callable[[], None]) -> Server:
    """Return the HTTP server. It gives a sign of life about once a second while its loop runs."""
    _, _, _, settings = read_endpoint(folder)
    gateway = Gateway(
        app.wsgi,
        app.wsgi.refuse,
        app.plane.is_quick,
        app.prepare,
        access_check=app.access_check,
        memory_budget=app.memory_budget,
        max_bytes=int(settings.max_megabytes * 2**20),
        threads=settings.threads,
        queue=settings.queue,
        timeout=settings.timeout,
    )

    async def notify() -> None:
        heartbeat()

    config = uvicorn.Config(
        gateway,
        http=Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_AT_A_TIME,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=math.ceil(settings.stop_timeout),  # 0 would cancel requests in progress at once
        callback_notify=notify,
        timeout_notify=0,
    )
    return Server(config)


def run(folder: Path, deployer: Deployer, listening: Listening, heartbeat_pipe: int) -> None:
    """Serve in a newly forked process until SIGTERM. Requests in progress are answered first.

    Once the state file is written, the process regularly writes to the descriptor `heartbeat_pipe` to show that it does
    not hang.
    """

    def heartbeat() -> None:
        with contextlib.suppress(OSError):  # the parent is gone, and this process ends soon
            os.write(heartbeat_pipe, b".")

    def stopped() -> bool:
        heartbeat()
        return server.should_exit

    _log_once_a_second("asyncio")
    random.seed()
    np.random.seed()  # for models without their own random state
    deployer.begin_in_process()
    app = make_application(folder, deployer)
    server = make_server(folder, app, heartbeat)
    # uvicorn handles these while it runs. A signal just before or after has the same effect.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
    sockets = listening.take(stopped)
    if sockets:
        server.run(sockets)
    app.telemetry.close()


def _log_once_a_second(name: str) -> None:
    """Limit a logger to one line per second, because clients that use up all descriptors make it log."""
    sample = Sample(1)
    logging.getLogger(name).addFilter(lambda record: sample.takes(record.__dict__))
