"""What one server process runs: the application of the endpoint named by ``VIVERO_ENDPOINT``."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path

from serving.app import App
from serving.deployer import Deployer
from serving.gateway import Gateway
from serving.keys import Keys
from serving.plane import DataPlane, Limits
from serving.settings import read_endpoint
from serving.telemetry import LineLog, Metrics, Telemetry


def make_application(folder: Path) -> App:
    """Return the application of an endpoint's folder, its models loaded; without them it says 503."""
    layout, endpoint, _, settings = read_endpoint(folder)
    metrics = Metrics()
    plane = DataPlane(Limits(settings.max_rows, settings.large_rows, settings.queue))
    deployer = Deployer(layout, endpoint, plane, metrics)
    for below in (endpoint.states, endpoint.logs):
        below.mkdir(parents=True, exist_ok=True)
    plane.mirror.count = lambda served, outcome: metrics.mirrored.labels(
        served.name, str(served.version), outcome
    ).inc()
    deployer.refresh()
    keys = Keys(endpoint.keys if settings.needs_keys else None)
    payloads = LineLog(endpoint.payloads, metrics.dropped) if settings.log_payloads > 0 else None
    telemetry = Telemetry(metrics, LineLog(endpoint.access_log, metrics.dropped), payloads, settings.log_payloads)
    deployer.watch(settings.poll, keys.refresh)
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through all of it again would hold up requests for tens of milliseconds
    return App(
        plane,
        keys,
        telemetry,
        max_bytes=int(settings.max_megabytes * 2**20),
        cors=tuple(settings.cors),
        shared_metrics=endpoint.metrics if settings.workers > 1 else None,
        repository=deployer,
    )


def make_gateway(folder: Path) -> Gateway:
    """Return what the HTTP server calls."""
    app = make_application(folder)
    _, _, _, settings = read_endpoint(folder)
    return Gateway(
        app.flask.wsgi_app,
        app.plane.is_quick,
        app.prepare,
        max_bytes=int(settings.max_megabytes * 2**20),
        threads=settings.threads,
        queue=settings.queue,
        timeout=settings.timeout,
    )


def end_with_parent() -> None:
    """Let the kernel end this process when the one that minds it has died (prctl, PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)


if "VIVERO_ENDPOINT" in os.environ:
    end_with_parent()
    application = make_gateway(Path(os.environ["VIVERO_ENDPOINT"]))
