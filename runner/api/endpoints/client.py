"""Sends requests to a running endpoint, as any client does: rows to predict, and the query for metrics."""

from __future__ import annotations

import http.client
import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from runner.config.endpoint_settings import EndpointSettings
from runner.errors import UserError

_ANSWERS_WITHIN = 5.0  # seconds for what the endpoint knows; rows have the endpoint's own limit
_LARGEST_ANSWER = 16 << 20


@dataclass(frozen=True)
class Answer:
    """What an endpoint answered, however it went. `version` is that of the model, if one answered."""

    status: int
    reason: str
    text: str
    seconds: float
    version: str | None = None


@dataclass(frozen=True)
class Measures:
    """What an endpoint has counted since it was started.

    Parameters
    ----------
    requests, rows : dict
        Requests that a model answered, and rows, by version such as ``iris:3``.
    statuses : dict
        Requests by status.
    buckets : list of (float, float)
        The requests that took at most so many seconds, ascending; the last limit is infinite.
    seconds : float
        The time that all requests took together.
    """

    requests: dict[str, float] = field(default_factory=dict)
    rows: dict[str, float] = field(default_factory=dict)
    statuses: dict[str, float] = field(default_factory=dict)
    buckets: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> float:
        """The number of requests, refused ones included."""
        return sum(self.statuses.values())

    @property
    def errors(self) -> float:
        """The number of requests that were answered with 400 or more."""
        return sum(count for status, count in self.statuses.items() if status >= "400")

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which a share of the requests was answered, between the limits of two buckets."""
        wanted, below, before = share * (self.buckets[-1][1] if self.buckets else 0), 0.0, 0.0
        for limit, count in self.buckets:
            if count >= wanted > 0:
                if limit == float("inf"):
                    return below
                within = (limit - below) * (wanted - before) / ((count - before) or 1)
                return min(below + within, limit)  # which rounding could exceed
            below, before = limit, count
        return None


def ask(settings: EndpointSettings, method: str, path: str, *, body: bytes | None = None, key: str | None = None,
        timeout: float | None = None) -> Answer:  # fmt: skip
    """Send one request to the endpoint on this machine, and return its answer.

    Raises
    ------
    UserError
        If it does not answer, the path is not one of its own, or the key cannot be in a header.
    """
    if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
        raise UserError(f"'{path[:80]}' is not an address of an endpoint")
    headers = {"Content-Type": "application/json", "Host": f"localhost:{settings.port}"}
    if key:
        if not key.isascii() or not key.isprintable():
            raise UserError("This is not a key", "Paste it as it was shown when the endpoint was made")
        headers["Authorization"] = f"Bearer {key}"
    limit = timeout or settings.timeout + _ANSWERS_WITHIN
    connection = http.client.HTTPConnection(settings.client_host, settings.port, timeout=limit)
    began = time.perf_counter()
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read(_LARGEST_ANSWER + 1)
    except (OSError, http.client.HTTPException) as error:
        raise UserError(f"The endpoint does not answer: {error or type(error).__name__}", "See its log") from None
    finally:
        connection.close()
    if len(content) > _LARGEST_ANSWER:
        raise UserError(f"The answer has more than {_LARGEST_ANSWER >> 20} MB", "Ask with fewer rows")
    return Answer(
        status=answer.status, reason=answer.reason, text=content.decode("utf-8", "replace"),
        seconds=time.perf_counter() - began, version=answer.headers.get("x-model-version"),
    )  # fmt: skip


def measures(settings: EndpointSettings, key: str | None = None) -> Measures:
    """Return what the endpoint has counted.

    Raises
    ------
    UserError
        If it does not answer, or wants a key.
    """
    answer = ask(settings, "GET", "/metrics", key=key, timeout=_ANSWERS_WITHIN)
    if answer.status != 200:
        raise UserError(f"The endpoint answered {answer.status} {answer.reason} to the question for its metrics")
    return _read(answer.text)


def description(settings: EndpointSettings, name: str, key: str | None = None) -> dict[str, Any]:
    """Return the OpenAPI description of an endpoint with a name.

    Raises
    ------
    UserError
        If it does not answer, or not with a description.
    """
    answer = ask(settings, "GET", "/openapi.json", key=key, timeout=_ANSWERS_WITHIN)
    if answer.status != 200:
        raise UserError(f"Endpoint {name} answered {answer.status} {answer.reason}")
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"Endpoint {name} does not answer with JSON: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"Endpoint {name} does not answer with a description")
    return found


def _read(text: str) -> Measures:
    from prometheus_client.parser import text_string_to_metric_families

    requests: dict[str, float] = defaultdict(float)
    rows: dict[str, float] = defaultdict(float)
    statuses: dict[str, float] = defaultdict(float)
    buckets: dict[float, float] = defaultdict(float)
    seconds = 0.0
    try:
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    except ValueError as error:
        raise UserError(f"The endpoint's metrics cannot be read: {error}") from None
    for sample in samples:
        if sample.name == "vivero_requests_total" and (sample.labels["model"] or sample.labels["status"] >= "400"):
            statuses[sample.labels["status"]] += sample.value  # one that is refused has no model
        if not sample.labels.get("model"):  # health checks, this question and pages
            continue
        if sample.name == "vivero_requests_total":
            requests[_version(sample.labels)] += sample.value
        elif sample.name == "vivero_rows_total":
            rows[_version(sample.labels)] += sample.value
        elif sample.name == "vivero_request_seconds_bucket":
            buckets[float(sample.labels["le"])] += sample.value
        elif sample.name == "vivero_request_seconds_sum":
            seconds += sample.value
    return Measures(dict(requests), dict(rows), dict(statuses), sorted(buckets.items()), seconds)


def _version(labels: dict[str, Any]) -> str:
    return f"{labels['model']}:{labels['version']}"
