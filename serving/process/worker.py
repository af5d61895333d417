"""Assembles one server process. What is loaded before the fork has no thread; what has one starts afterwards."""

from __future__ import annotations

import contextlib
import gc
import logging
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
from serving.http.connections import Connection
from serving.http.gateway import Gateway
from serving.http.keys import Keys
from serving.http.listening import Listening
from serving.http.room import Room, descriptors_left
from serving.observe.telemetry import LineLog, Metrics, Sample, Telemetry
from serving.process import false_warnings
from serving.process.deployer import Deployer
from serving.process.settings import read_endpoint

_AT_A_TIME, _WAITING = 64, 4096  # connections


def load(folder: Path) -> Deployer:
    """Return what an endpoint's server processes share, its models loaded. No thread is begun here."""
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
    # What is loaded stays: looking through all of it again would hold up requests for tens of milliseconds, and write
    # to memory that the processes share.
    gc.freeze()
    return deployer


def make_application(folder: Path, deployer: Deployer) -> App:
    """Return the application of an endpoint's folder, its threads begun; without models it says 503."""
    _, endpoint, _, settings = read_endpoint(folder)
    metrics = deployer.metrics
    # In a container it is a link of ours to the folder on the host; what takes its place later is not followed.
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
        room=Room(int(settings.max_megabytes_at_once * 2**20), descriptors_left()),
        max_bytes=int(settings.max_megabytes * 2**20),
        cors=tuple(settings.cors),
        shared_metrics=endpoint.metrics if settings.workers > 1 else None,
        repository=deployer,
    )


class Server(uvicorn.Server):
    """uvicorn's server, which takes few connections at a time while many may wait.

    asyncio tries as often as connections may wait, also when each try says that there are no descriptors left, and
    logs it each time.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        for one in sockets or ():
            one.listen(_WAITING)


def make_server(folder: Path, app: App, give_sign: Callable[[], None]) -> Server:
    """Return the HTTP server, which gives a sign of life about once a second while its loop goes round."""
    _, _, _, settings = read_endpoint(folder)
    gateway = Gateway(
        app.wsgi,
        app.wsgi.refuse,
        app.plane.is_quick,
        app.prepare,
        door=app.door,
        room=app.room,
        max_bytes=int(settings.max_megabytes * 2**20),
        threads=settings.threads,
        queue=settings.queue,
        timeout=settings.timeout,
    )

    async def notify() -> None:
        give_sign()

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
        timeout_graceful_shutdown=int(settings.stop_timeout),
        callback_notify=notify,
        timeout_notify=0,
    )
    return Server(config)


def run(folder: Path, deployer: Deployer, listening: Listening, sign_of_life: int) -> None:
    """Serve in a process that was just forked, until SIGTERM; what is at work is answered first.

    A byte in the pipe `sign_of_life` says that it is not hung, from when its state is written.
    """

    def give_sign() -> None:
        with contextlib.suppress(OSError):  # nobody looks any more, and ends this process soon
            os.write(sign_of_life, b".")

    def stopped() -> bool:
        give_sign()
        return server.should_exit

    _log_once_a_second("asyncio")
    random.seed()
    np.random.seed()  # of models that ask for no generator of their own
    deployer.begin_in_process()
    app = make_application(folder, deployer)
    server = make_server(folder, app, give_sign)
    # uvicorn takes these over while it runs; so one that comes a moment before or after does the same.
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, server.handle_exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
    sockets = listening.take(stopped)
    if sockets:
        server.run(sockets)
    app.telemetry.close()


def _log_once_a_second(name: str) -> None:
    """Let a logger that clients can make talk, by taking all descriptors, say one line a second."""
    sample = Sample(1)
    logging.getLogger(name).addFilter(lambda record: sample.takes(record.__dict__))
