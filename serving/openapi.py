"""Describes exactly what is served, with the models' own feature names and an example that works."""

from __future__ import annotations

from typing import Any

from serving.model import ServedModel
from serving.plane import DataPlane

_HEADS = {"2": ("swagger", "2.0"), "3": ("openapi", "3.0.3"), "3.1": ("openapi", "3.1.0")}


def describe(plane: DataPlane, version: str, *, needs_key: bool) -> dict[str, Any]:
    """Return the description in OpenAPI 2, 3 or 3.1."""
    key, number = _HEADS[version]
    shown = {name: route.pick(None) for name, route in sorted(plane.routes.items())}
    found: dict[str, Any] = {
        key: number,
        "info": {"title": ", ".join(shown) or "no model", "version": _versions(shown)},
        "paths": _paths(shown, version),
    }
    if needs_key:
        scheme: dict[str, Any] = {"type": "http", "scheme": "bearer"}
        if version == "2":
            found["securityDefinitions"] = {"key": {"type": "apiKey", "name": "Authorization", "in": "header"}}
        else:
            found["components"] = {"securitySchemes": {"key": scheme}}
        found["security"] = [{"key": []}]
    return found


def _versions(shown: dict[str, ServedModel]) -> str:
    return ", ".join(f"{one.name}:{one.version}" for one in shown.values()) or "0"


def _paths(shown: dict[str, ServedModel], version: str) -> dict[str, Any]:
    paths: dict[str, Any] = {"/": {"get": _plain("home", "Healthy when models are served", version)}}
    paths["/ping"] = {"get": _plain("ping", "200 when models are served", version)}
    paths["/v2/health/live"] = {"get": _plain("live", "Whether the server runs", version)}
    paths["/v2/health/ready"] = {"get": _plain("ready", "Whether models are served", version)}
    for name, served in shown.items():
        tail = "" if len(shown) == 1 else f"/{name}"
        example = served.example
        score = {"data": example, "method": served.default_method}
        paths[f"/score{tail}"] = {"post": _operation(f"score_{name}", served, score, _azure(served), version)}
        rows = {"instances": example}
        paths[f"/invocations{tail}"] = {"post": _operation(f"invocations_{name}", served, rows, _rows(served), version)}
        infer = {"inputs": [{"name": "input", "shape": [1, len(example[0])], "datatype": "FP64", "data": example}]}
        if served.schema.kind == "numbers":
            schema = {
                "type": "object",
                "required": ["inputs"],
                "properties": {"inputs": {"type": "array", "items": {"type": "object"}}},
            }
            paths[f"/v2/models/{name}/infer"] = {"post": _operation(f"infer_{name}", served, infer, schema, version)}
    return paths


def _value(served: ServedModel) -> dict[str, Any]:
    if served.schema.kind == "texts":
        return {"type": "string"}
    if served.schema.kind == "records":
        return {"type": "object"}
    row: dict[str, Any] = {"type": "array", "items": {"type": "number"} if served.schema.kind == "numbers" else {}}
    if served.schema.width is not None:
        row |= {"minItems": served.schema.width, "maxItems": served.schema.width}
    if served.schema.names:
        row["description"] = ", ".join(served.schema.names)
    return row


def _azure(served: ServedModel) -> dict[str, Any]:
    methods = {"type": "string", "enum": list(served.schema.methods)}
    data = {"type": "array", "minItems": 1, "items": _value(served)}
    return {"type": "object", "required": ["data"], "properties": {"data": data, "method": methods}}


def _rows(served: ServedModel) -> dict[str, Any]:
    data = {"type": "array", "minItems": 1, "items": _value(served)}
    return {"type": "object", "required": ["instances"], "properties": {"instances": data}}


def _plain(name: str, summary: str, version: str) -> dict[str, Any]:
    answers = {"200": {"description": "yes"}, "503": {"description": "not now"}}
    found: dict[str, Any] = {"operationId": name, "summary": summary, "responses": answers, "security": []}
    if version == "2":
        found["produces"] = ["text/plain"]
    return found


def _operation(name: str, served: ServedModel, example: Any, schema: dict[str, Any], version: str) -> dict[str, Any]:
    answers = {"200": "the answer", "400": "rows that the model cannot take", "401": "no key", "413": "too much"}
    answers |= {"415": "another content type", "422": "no such method", "424": "the model failed", "429": "too busy"}
    found: dict[str, Any] = {
        "operationId": name,
        "summary": f"{served.record.description or served.name} (version {served.version})",
        "responses": {status: {"description": text} for status, text in answers.items()},
    }
    if version == "2":
        found |= {"consumes": ["application/json"], "produces": ["application/json"]}
        found["parameters"] = [
            {"name": "body", "in": "body", "required": True, "schema": {**schema, "example": example}}
        ]
    else:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example}},
        }
    return found
