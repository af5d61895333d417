"""Writes the parts of the description for OpenAPI 2, 3 and 3.1."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.errors import AS_OBJECT, AS_TEXT, MEANING, OF_ANY
from serving.protocols.registry import error_form
from serving.protocols.schemas import JSON_TYPE, Body, Schema, any_of

VERSIONS = {"2": ("swagger", "2.0"), "3": ("openapi", "3.0.3"), "3.1": ("openapi", "3.1.0")}
_ERRORS = {form.name: form.schema for form in (AS_OBJECT, AS_TEXT)}


@dataclass(frozen=True)
class Dialect:
    """A version of OpenAPI.

    Parameters
    ----------
    version : str
        One of `VERSIONS`.
    open_paths : collection of str or None
        The addresses that need no key. None means that no address needs one.
    """

    version: str
    open_paths: Collection[str] | None

    def operation(
        self,
        path: str,
        name: str,
        summary: str,
        answers: Mapping[str, Schema],
        refusals: Sequence[int] = (),
        *,
        not_ready: Schema | None = None,
        body: Body | None = None,
        parameters: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """Return one operation.

        Parameters
        ----------
        path, name, summary : str
            Its address, its id, and its purpose.
        answers : mapping of str to dict
            The schema of a 200 by content type.
        refusals : sequence of int
            The error statuses in addition to those that any request may get.
        not_ready : dict or None
            The schema of a 503 that is an answer and not an error.
        body : Body or None
            The body of the request.
        parameters : sequence of dict
            The query parameters.
        """
        closed = self.open_paths is not None and path not in self.open_paths
        responses = {"200": self._response("the answer", answers)}
        for status in sorted({*OF_ANY, *refusals, *([401] if closed else [])}):
            responses[str(status)] = self._refusal(path, status)
        if not_ready is not None:
            responses["503"] = self._response(MEANING[503], self._or_error(path, next(iter(answers)), not_ready))
        operation: dict[str, Any] = {
            "operationId": name,
            "summary": summary,
            "security": [{"key": []}] if closed else [],
            "responses": responses,
        }
        given = [*parameters, *(body.parameters if body is not None else ())]
        described = [self._parameter(parameter) for parameter in given]
        if self.version == "2":
            operation["produces"] = sorted({*answers, JSON_TYPE})
            if body is not None:
                operation["consumes"] = list(body.schemas)
                described.append(self._body_parameter(body))
        elif body is not None:
            operation["requestBody"] = {"required": body.required, "content": self._contents(body)}
        return operation | ({"parameters": described} if described else {})

    def head(self, title: str, served: str) -> dict[str, Any]:
        """Return the head of a description."""
        key, number = VERSIONS[self.version]
        document: dict[str, Any] = {key: number, "info": {"title": title, "version": served}, "paths": {}}
        if self.version == "2":
            document["definitions"] = _ERRORS
        else:
            document["components"] = {"schemas": _ERRORS}
        if self.open_paths is None:
            return document
        if self.version == "2":
            document["securityDefinitions"] = {"key": {"type": "apiKey", "name": "Authorization", "in": "header"}}
        else:
            document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        return document | {"security": [{"key": []}]}

    def _response(self, text: str, schemas: Mapping[str, Schema]) -> dict[str, Any]:
        contents = {kind: {"schema": self._schema(schema)} for kind, schema in schemas.items()}
        if self.version == "2":
            return {"description": text, **next(iter(contents.values()))}
        return {"description": text, "content": contents}

    def _refusal(self, path: str, status: int) -> dict[str, Any]:
        return self._response(MEANING[status], {JSON_TYPE: self._error(path)})

    def _error(self, path: str) -> Schema:
        where = "definitions" if self.version == "2" else "components/schemas"
        return {"$ref": f"#/{where}/{error_form(path).name}"}

    def _or_error(self, path: str, kind: str, schema: Schema) -> dict[str, Schema]:
        """Return the schemas of an answer that may be an error too."""
        if kind == JSON_TYPE:
            return {kind: any_of([schema, self._error(path)])}
        return {kind: schema, JSON_TYPE: self._error(path)}

    def _parameter(self, parameter: dict[str, Any]) -> dict[str, Any]:
        if self.version == "2":
            return {**{key: value for key, value in parameter.items() if key != "schema"}, **parameter["schema"]}
        return parameter

    def _contents(self, body: Body) -> dict[str, Any]:
        contents: dict[str, Any] = {kind: {"schema": self._schema(schema)} for kind, schema in body.schemas.items()}
        if body.example is not None:
            contents[JSON_TYPE]["example"] = body.example
        return contents

    def _body_parameter(self, body: Body) -> dict[str, Any]:
        schema = self._schema(body.schemas[JSON_TYPE]) | ({} if body.example is None else {"example": body.example})
        return {"name": "body", "in": "body", "required": body.required, "schema": schema}

    def _schema(self, schema: Schema) -> Schema:
        """Convert a schema of OpenAPI 3.1 to this version, as far as the version can express it."""
        if self.version == "3.1":
            return schema
        parts = {key: self._part(key, value) for key, value in schema.items()}
        if self.version == "2":
            usual = parts.pop("anyOf", [{}])[0]
            parts.pop("oneOf", None)
            parts = {**usual, **parts}
            if isinstance(parts.get("additionalProperties"), dict) and not parts["additionalProperties"]:
                parts.pop("additionalProperties")
        if None in parts.get("enum", ()) or "null" in _types(parts):
            parts["x-nullable" if self.version == "2" else "nullable"] = True
        return self._with_one_type(parts)

    def _part(self, key: str, value: Any) -> Any:
        if key in ("items", "additionalProperties") and isinstance(value, dict):
            return self._schema(value)
        if key == "properties":
            return {name: self._schema(part) for name, part in value.items()}
        return [self._schema(part) for part in value] if key in ("anyOf", "oneOf") else value

    def _with_one_type(self, schema: Schema) -> Schema:
        """Return a schema with a single type. Several types become alternatives, which OpenAPI 2 does not have."""
        types = [kind for kind in _types(schema) if kind != "null"]
        if not isinstance(schema.get("type"), list):
            return schema
        rest = {key: value for key, value in schema.items() if key != "type"}
        if len(types) == 1:
            return {"type": types[0], **rest}
        if self.version == "2":  # which has no null in a schema without a type either
            return {key: value for key, value in rest.items() if key != "x-nullable"}
        nullable = {"nullable": True} if rest.pop("nullable", False) else {}
        return {**rest, "anyOf": [{"type": kind, **nullable, **_empty(kind)} for kind in types]}


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _empty(kind: str) -> Schema:
    return {"items": {}} if kind == "array" else {}
