"""Describes exactly what is served, with the models' own feature names and an example that works.

Each model's addresses are described by its own name, since each model takes other rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from serving.dataplane.model import ServedModel
from serving.dataplane.plane import DataPlane, Route
from serving.openapi.operations import JSON, TEXT, Body, Dialect
from serving.protocols import oip
from serving.protocols.protocol import JsonProtocol
from serving.protocols.registry import JSON_PROTOCOLS

_NAME, _VERSION = re.compile(r"<(?:\w+:)?name>"), re.compile(r"<(?:\w+:)?version>")
_NO_MODEL, _SCORED = (404,), (404, 422, 424)


def describe(plane: DataPlane, version: str, *, needs_key: bool) -> dict[str, Any]:
    """Return the description in OpenAPI 2, 3 or 3.1."""
    dialect, routes = Dialect(version, needs_key), dict(sorted(plane.routes.items()))
    shown = {name: route.pick(None) for name, route in routes.items()}
    served = ", ".join(f"{one.name}:{one.version}" for one in shown.values())
    found = dialect.head(", ".join(shown) or "no model", served or "0")
    found["paths"] = {
        **_of_server(dialect),
        **_repository(dialect, list(shown)),
    }
    for protocol in JSON_PROTOCOLS:
        found["paths"] |= _scoring(dialect, protocol, shown) | _scoring_by_name(dialect, protocol, routes)
        found["paths"] |= _questions(dialect, protocol, routes)
    for name, route in routes.items():
        for path, number in _versions(name, route):
            found["paths"] |= _of_model(dialect, path, route.pick(number), number)
    return found


def _of_server(dialect: Dialect) -> dict[str, Any]:
    version = {"name": "version", "in": "query", "schema": {"type": "string", "enum": ["2", "3", "3.1"]}}
    get = dialect.operation
    # Not ready is said in the words of the protocol, not as an error.
    ready = _without_error(get("/v2/health/ready", "ready", "Whether models are served", "yes"))
    return {
        "/": {"get": get("/", "home", "Healthy when models are served; a page", "yes", kinds=(TEXT, "text/html"))},
        "/ping": {"get": get("/ping", "ping", "Whether models are served", "yes", kinds=(TEXT,), not_now=TEXT)},
        "/health": {"get": get("/health", "health", "Whether models are served", "yes", kinds=(TEXT,), not_now=TEXT)},
        "/version": {"get": get("/version", "version", "MLflow's version", "a version", kinds=(TEXT,))},
        "/metrics": {"get": get("/metrics", "metrics", "For Prometheus", "counters", kinds=(TEXT,))},
        "/openapi.json": {"get": get("/openapi.json", "openapi", "This, in OpenAPI 3.1", "a description")},
        "/swagger.json": {
            "get": get(
                "/swagger.json",
                "swagger",
                "This, in OpenAPI 2, 3 or 3.1",
                "a description",
                _NO_MODEL,
                parameters=[version],
            )
        },
        "/v2": {"get": get("/v2", "server", "Name, version and extensions of the server", "metadata")},
        "/v2/health/live": {"get": get("/v2/health/live", "live", "Whether the server runs", "yes")},
        "/v2/health/ready": {"get": ready},
    }


def _without_error(operation: dict[str, Any]) -> dict[str, Any]:
    refused = operation["responses"]["503"]
    refused.pop("schema", None)
    if "content" in refused:
        refused["content"] = {JSON: {}}
    return operation


def _scoring(dialect: Dialect, protocol: JsonProtocol, shown: dict[str, ServedModel]) -> dict[str, Any]:
    """Describe what answers rows where the address names no model; what they hold is known if there is one model."""
    found: dict[str, Any] = {}
    for path in protocol.addresses if shown else ():
        if "<" not in path:
            first = next(iter(shown.values()))
            body, summary = protocol.body(first), _summary(first)
            if len(shown) > 1:
                body = Body({**body.schemas, JSON: {"type": "object"}}, body.example)
                summary = "What the named model answers"
            which = [_which(list(shown))]
            found[path] = _post(
                dialect, path, protocol.route, summary, "the answer", _SCORED, body=body, parameters=which
            )
    return found


def _scoring_by_name(dialect: Dialect, protocol: JsonProtocol, routes: dict[str, Route]) -> dict[str, Any]:
    found = {}
    for address in protocol.addresses:
        for path, tail, served in _addresses(address, routes):
            name, body = f"{protocol.route}_{tail}", protocol.body(served)
            found[path] = _post(dialect, path, name, _summary(served), "the answer", _SCORED, body=body)
    return found


def _questions(dialect: Dialect, protocol: JsonProtocol, routes: dict[str, Route]) -> dict[str, Any]:
    get, asked, found = dialect.operation, "what was asked for", {}
    for address, question in protocol.questions.items():
        if "<" not in address:
            found[address] = {"get": get(address, question.name, question.summary, asked)}
        for path, tail, _ in _addresses(address, routes):
            found[path] = {"get": get(path, f"{question.name}_{tail}", question.summary, asked, _NO_MODEL)}
    return found


def _addresses(address: str, routes: dict[str, Route]) -> Iterator[tuple[str, str, ServedModel]]:
    """Yield an address with the names and versions of models, what tells it from the others, and the model."""
    for name, route in routes.items() if _NAME.search(address) else ():
        for number in sorted(route.versions) if _VERSION.search(address) else (None,):
            path = _VERSION.sub(str(number), _NAME.sub(name, address))
            yield path, name if number is None else f"{name}_{number}", route.pick(number)


def _which(names: list[str]) -> dict[str, Any]:
    schema = {"type": "string", "enum": names}
    return {"name": "model", "in": "query", "required": len(names) > 1, "schema": schema}


def _repository(dialect: Dialect, names: list[str]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
    path = "/v2/repository/index"
    found = {path: _post(dialect, path, "index", "Which models there are", "the models", body=Body({JSON: schema}))}
    for name in names:
        for action in ("load", "unload"):
            path = f"/v2/repository/models/{name}/{action}"
            found[path] = _post(
                dialect, path, f"{action}_{name}", f"{action.capitalize()} {name}", "done", (403, *_NO_MODEL)
            )
    return found


def _versions(name: str, route: Route) -> list[tuple[str, int | None]]:
    """Return the addresses of a model: its own, and one for each version."""
    path = f"/v2/models/{name}"
    return [(path, None), *((f"{path}/versions/{number}", number) for number in sorted(route.versions))]


def _of_model(dialect: Dialect, path: str, served: ServedModel, number: int | None) -> dict[str, Any]:
    tail = served.name if number is None else f"{served.name}_{number}"
    get, found = dialect.operation, ("what was asked for", _NO_MODEL)
    body = oip.describe(served)
    return {
        path: {"get": get(path, f"model_{tail}", f"What {served.name} takes and gives", *found)},
        f"{path}/ready": {"get": get(path, f"ready_{tail}", f"Whether {served.name} is served", *found)},
        f"{path}/infer": _post(dialect, path, f"infer_{tail}", _summary(served), "the answer", _SCORED, body=body),
    }


def _summary(served: ServedModel) -> str:
    return f"{served.record.description or served.name} (version {served.version})"


def _post(dialect: Dialect, *words: Any, **more: Any) -> dict[str, Any]:
    return {"post": dialect.operation(*words, **more)}
