"""What one server process runs: the WSGI application of the endpoint named by ``VIVERO_ENDPOINT``."""

from __future__ import annotations

import os
from pathlib import Path

from serving.app import App
from serving.deployer import Deployer
from serving.keys import Keys
from serving.plane import DataPlane, Limits
from serving.settings import needs_keys, read_endpoint
from serving.telemetry import LineLog, Metrics, Telemetry


def make_application(folder: Path) -> App:
    """Return the application of an endpoint's folder, its models loaded; without them it says 503."""
    layout, endpoint, _, settings = read_endpoint(folder)
    metrics = Metrics()
    plane = DataPlane(Limits(settings.max_rows, settings.large_rows, settings.queue))
    deployer = Deployer(layout, endpoint, plane, metrics)
    for below in (endpoint.states, endpoint.logs):
        below.mkdir(parents=True, exist_ok=True)
    deployer.refresh()
    keys = Keys(endpoint.keys if needs_keys(settings) else None)
    payloads = LineLog(endpoint.payloads, metrics.dropped) if settings.log_payloads > 0 else None
    telemetry = Telemetry(metrics, LineLog(endpoint.access_log, metrics.dropped), payloads, settings.log_payloads)
    deployer.watch(settings.poll, keys.refresh)
    return App(
        plane,
        keys,
        telemetry,
        max_bytes=int(settings.max_megabytes * 2**20),
        cors=tuple(settings.cors),
        shared_metrics=endpoint.metrics if settings.workers > 1 else None,
    )


if "VIVERO_ENDPOINT" in os.environ:
    application = make_application(Path(os.environ["VIVERO_ENDPOINT"])).flask.wsgi_app
