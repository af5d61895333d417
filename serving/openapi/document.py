"""Describes exactly what is served, with the models' own feature names and an example that works.

The addresses of each model are described separately, because each model takes different rows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from serving.dataplane.model import ServedModel
from serving.dataplane.plane import DataPlane, Route
from serving.openapi.operations import VERSIONS, Dialect
from serving.protocols.protocol import Protocol, Question
from serving.protocols.registry import PROTOCOLS
from serving.protocols.schemas import JSON_TYPE, STRING, TEXT_TYPE, Body

_NAME, _VERSION = re.compile(r"<(?:\w+:)?name>"), re.compile(r"<(?:\w+:)?version>")
_NO_MODEL, _SCORED = (404,), (404, 422, 424)
_OBJECT = {JSON_TYPE: {"type": "object"}}


def describe(plane: DataPlane, version: str, open_paths: Collection[str] | None) -> dict[str, Any]:
    """Return the description as an OpenAPI document.

    Parameters
    ----------
    plane : DataPlane
        The models.
    version : str
        The version of OpenAPI: ``2``, ``3`` or ``3.1``.
    open_paths : collection of str or None
        The addresses that need no key. None means that no address needs one.
    """
    dialect, routes = Dialect(version, open_paths), dict(sorted(plane.routes.items()))
    shown = {name: route.pick(None) for name, route in routes.items()}
    served = ", ".join(f"{model.name}:{model.version}" for model in shown.values())
    document = dialect.head(", ".join(shown) or "no model", served or "0")
    document["paths"] = _of_server(dialect)
    for protocol in PROTOCOLS:
        document["paths"] |= _scoring(dialect, protocol, shown) | _scoring_by_name(dialect, protocol, routes)
        for address, question in protocol.questions.items():
            document["paths"] |= _question_paths(dialect, address, question, routes)
    return document


def _of_server(dialect: Dialect) -> dict[str, Any]:
    version = {"name": "version", "in": "query", "schema": {"type": "string", "enum": list(VERSIONS)}}
    get, text = dialect.operation, {TEXT_TYPE: STRING}
    home = {TEXT_TYPE: STRING, "text/html": STRING}
    return {
        "/": {"get": get("/", "home", "Healthy when models are served; a page in a browser", home)},
        "/metrics": {"get": get("/metrics", "metrics", "Metrics for Prometheus", text)},
        "/openapi.json": {"get": get("/openapi.json", "openapi", "This, in OpenAPI 3.1", _OBJECT)},
        "/swagger.json": {
            "get": get(
                "/swagger.json", "swagger", "This, in OpenAPI 2, 3 or 3.1", _OBJECT, _NO_MODEL, parameters=[version]
            )
        },
    }  # fmt: skip


def _scoring(dialect: Dialect, protocol: Protocol, shown: dict[str, ServedModel]) -> dict[str, Any]:
    """Describe the addresses that score rows and name no model. Rows are described only if there is one model."""
    paths: dict[str, Any] = {}
    for path in protocol.addresses if shown else ():
        if "<" in path:
            continue
        first = next(iter(shown.values()))
        body, summary, answers = protocol.body(first), _summary(first), {JSON_TYPE: protocol.answer(first)}
        if len(shown) > 1:
            body = Body({**body.schemas, JSON_TYPE: {"type": "object"}}, body.example)
            summary, answers = "What the named model answers", _OBJECT
        parameters = [_which(list(shown)), _method(shown.values())]
        paths[path] = {
            "post": dialect.operation(
                path, protocol.route, summary, answers, _SCORED, body=body, parameters=parameters
            )
        }  # fmt: skip
    return paths


def _scoring_by_name(dialect: Dialect, protocol: Protocol, routes: dict[str, Route]) -> dict[str, Any]:
    paths = {}
    for address in protocol.addresses:
        for path, tail, served in _addresses(address, routes):
            answers = {JSON_TYPE: protocol.answer(served)}
            answers |= {kind: schema for kind, schema in protocol.body(served).schemas.items() if _is_binary(schema)}
            paths[path] = {
                "post": dialect.operation(
                    path, f"{protocol.route}_{tail}", _summary(served), answers, _SCORED,
                    body=protocol.body(served), parameters=[_method([served])],
                )
            }  # fmt: skip
    return paths


def _is_binary(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "binary"


def _question_paths(dialect: Dialect, address: str, question: Question, routes: dict[str, Route]) -> dict[str, Any]:
    described = {}
    paths = [(path, f"{question.name}_{tail}") for path, tail, _ in _addresses(address, routes)]
    for path, name in paths if _NAME.search(address) else [(address, question.name)]:
        operation = dialect.operation(
            path, name, question.summary, {question.kind: question.schema}, question.refusals,
            not_ready=question.not_ready, body=question.body,
        )  # fmt: skip
        described[path] = {question.method.lower(): operation}
    return described


def _addresses(address: str, routes: dict[str, Route]) -> Iterator[tuple[str, str, ServedModel]]:
    """Yield, for each model and version, the address with them filled in, a unique suffix, and the model."""
    for name, route in routes.items() if _NAME.search(address) else ():
        for number in sorted(route.versions) if _VERSION.search(address) else (None,):
            path = _VERSION.sub(str(number), _NAME.sub(name, address))
            yield path, name if number is None else f"{name}_{number}", route.pick(number)


def _which(names: list[str]) -> dict[str, Any]:
    schema = {"type": "string", "enum": names}
    return {"name": "model", "in": "query", "required": len(names) > 1, "schema": schema}


def _method(models: Collection[ServedModel]) -> dict[str, Any]:
    methods = list(dict.fromkeys(method for model in models for method in model.schema.methods))
    schema = {"type": "string", "enum": methods}
    return {"name": "method", "in": "query", "required": False, "schema": schema}


def _summary(served: ServedModel) -> str:
    return f"{served.record.description or served.name} (version {served.version})"
