"""Prometheus metrics, and a JSON line for each request. A share of the payloads is logged only if configured."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import orjson
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from runner.io.locks import locked

_LATENCY = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 5, 10, 25, 50, 100, 250, 1000, 10_000, 100_000)
_FLUSH = 0.25  # seconds
_MOST_LINES = 50_000  # lines that may wait for the disk; further ones are dropped and counted
_SAMPLED = 10  # lines a second for requests from clients without a key


class Metrics:
    """The metrics of a server process."""

    def __init__(self) -> None:
        self.requests = Counter("vivero_requests", "Requests", ["model", "version", "route", "status"])
        self.seconds = Histogram("vivero_request_seconds", "Time to answer", ["model", "route"], buckets=_LATENCY)
        self.rows = Counter("vivero_rows", "Rows answered", ["model", "version"])
        self.batch = Histogram("vivero_batch_rows", "Rows of one call of a model", ["model"], buckets=_ROWS)
        self.errors = Counter("vivero_errors", "Requests refused or failed", ["code"])
        self.served = Gauge(
            "vivero_model_version", "Versions served now", ["model", "version"], multiprocess_mode="livemax"
        )
        self.mirrored = Counter("vivero_mirrored", "Requests a mirror saw", ["model", "version", "outcome"])
        self.dropped = Counter("vivero_log_lines_dropped", "Log lines that could not be written")


def exposition(shared: Path | None) -> tuple[bytes, str]:
    """Return the text of ``/metrics`` and its content type. With `shared`, it covers all server processes."""
    if shared is None:
        return generate_latest(), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry, path=str(shared))  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


class LineLog:
    """Appends JSON lines to a file from a separate thread, so that no request waits for the disk.

    Parameters
    ----------
    path : Path
        The file.
    dropped : Counter
        Counts lines that could not be written.
    max_bytes : int
        A larger file is renamed to ``NAME.1``, replacing an earlier one, and a new file is started.
    """

    def __init__(self, path: Path, dropped: Counter, max_bytes: int = 64 << 20) -> None:
        self._path, self._dropped, self._max_bytes = path, dropped, max_bytes
        self._lines: deque[bytes] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"log {path.name}", daemon=True)
        self._thread.start()

    def add(self, line: dict[str, Any]) -> None:
        """Queue a line, which is written within a quarter of a second."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(
                orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
            )
        else:
            self._dropped.inc()

    def _run(self) -> None:
        while not self._stop.wait(_FLUSH):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Write the queued lines. If the disk is full, these lines are lost, but no request fails."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if not lines:
            return
        try:
            with self._path.open("ab") as file:
                file.write(b"".join(lines))
                if file.tell() > self._max_bytes:
                    self._rotate()
        except OSError:
            self._dropped.inc(len(lines))

    def _rotate(self) -> None:
        """Rename the file, unless another server process has just done so."""
        with locked(self._path.with_name(f".{self._path.name}.lock"), blocking=False) as held:
            if held and self._path.stat().st_size > self._max_bytes:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))

    def close(self) -> None:
        """Write the last lines."""
        self._stop.set()
        self._thread.join(5)


class Sample:
    """Lets a limited number of lines through per second. The next line then says how many were dropped."""

    def __init__(self, most: int) -> None:
        self._most, self._taken, self._dropped = most, 0, 0
        self._since = time.monotonic()

    def takes(self, line: dict[str, Any]) -> bool:
        """Return whether to write a line."""
        if time.monotonic() - self._since >= 1:
            self._since, self._taken = time.monotonic(), 0
        if self._taken == self._most:
            self._dropped += 1
            return False
        self._taken += 1
        if self._dropped:
            line["not_logged_before"], self._dropped = self._dropped, 0
        return True


class Telemetry:
    """Metrics and logs of one server process.

    Parameters
    ----------
    metrics : Metrics
        The counters.
    access, payloads : LineLog or None
        The logs of requests and payloads. None means that they are not logged.
    share : float
        Share of the requests whose payload is logged, 0 to 1.
    """

    def __init__(self, metrics: Metrics, access: LineLog | None, payloads: LineLog | None, share: float) -> None:
        self.metrics, self.access, self.payloads, self.share = metrics, access, payloads, share
        self._sample = Sample(_SAMPLED)
        self._known: dict[tuple[str, str, str, str], tuple[Any, Any, Any]] = {}

    def keep_payload(self) -> bool:
        """Return whether to log this request's payload."""
        return self.payloads is not None and random.random() < self.share  # noqa: S311 - a sample

    def request(self, line: dict[str, Any], *, sampled: bool = False) -> None:
        """Count and log a request that was answered. If `sampled`, it is logged only within the limit per second."""
        key = line["model"] or "", str(line["version"] or ""), line["route"], str(line["status"])
        requests, seconds, rows = self._counters(key)
        requests.inc()
        seconds.observe(line["seconds"])
        if line["rows"]:
            rows.inc(line["rows"])
        if line["error"]:
            self.metrics.errors.labels(line["error"]).inc()
        if self.access is not None and (not sampled or self._sample.takes(line)):
            self.access.add(line)

    def close(self) -> None:
        """Write the last lines."""
        for log in (self.access, self.payloads):
            if log is not None:
                log.close()

    def _counters(self, key: tuple[str, str, str, str]) -> tuple[Any, Any, Any]:
        """Return the counters for a model, version, route and status. Each is looked up only once."""
        counters = self._known.get(key)
        if counters is None:
            model, version, route, _ = key
            made = self.metrics
            counters = made.requests.labels(*key), made.seconds.labels(model, route), made.rows.labels(model, version)
            self._known[key] = counters
        return counters
