"""What one operation of the description says, in the words of OpenAPI 2, 3 and 3.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.door import HEALTH

JSON = "application/json"
TEXT = "text/plain"
CSV = "text/csv"
_GATEWAY = {
    "400": "a body that was cut off, is no JSON, or asks for what cannot be",
    "408": "the body did not arrive in time",
    "413": "more than one request may have",
    "429": "too much at once: come again",
    "504": "no answer in time",
}  # of everything that takes a body
_STRING = {"type": "string"}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error", "request_id"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": _STRING, "message": _STRING},
        },
        "request_id": _STRING,
    },
}
# As the Open Inference Protocol has it.
ERROR_TEXT: dict[str, Any] = {
    "type": "object",
    "required": ["error", "code", "request_id"],
    "properties": {"error": _STRING, "code": _STRING, "request_id": _STRING},
}


@dataclass(frozen=True)
class Body:
    """What a request may hold: a schema and an example by content type; the first is the usual one."""

    schemas: Mapping[str, dict[str, Any]]
    example: Any = None
    required: bool = True


@dataclass(frozen=True)
class Dialect:
    """A version of OpenAPI.

    Parameters
    ----------
    version : str
        ``2``, ``3`` or ``3.1``.
    needs_key : bool
        Whether the server takes requests only with a key.
    """

    version: str
    needs_key: bool

    def operation(
        self,
        path: str,
        name: str,
        summary: str,
        answers: Mapping[str, str],
        *,
        kinds: Sequence[str] = (JSON,),
        errors: str = JSON,
        body: Body | None = None,
        parameters: Sequence[dict[str, Any]] = (),
        posts: bool = False,
    ) -> dict[str, Any]:
        """Return one operation.

        Parameters
        ----------
        answers : mapping
            What each status means; 401 and what befalls anything with a body are added.
        kinds : sequence of str
            Content types of a 200.
        errors : str
            The content type of everything else.
        posts : bool
            Whether it is a POST.
        """
        closed = self.needs_key and path not in HEALTH
        told = dict(answers) | ({"401": "no key"} if closed else {})
        if posts:
            told = _GATEWAY | told
        found: dict[str, Any] = {
            "operationId": name,
            "summary": summary,
            "security": [{"key": []}] if closed else [],
            "responses": {one: self._answer(path, one, told[one], kinds, errors) for one in sorted(told)},
        }
        said = [self._parameter(one) for one in parameters]
        if self.version == "2":
            found["produces"] = sorted({*kinds, *([errors] if len(told) > 1 else [])})
            if body is not None:
                found["consumes"] = list(body.schemas)
                said.append(self._body_parameter(body))
        elif body is not None:
            found["requestBody"] = {"required": body.required, "content": self._contents(body)}
        return found | ({"parameters": said} if said else {})

    def head(self, title: str, served: str) -> dict[str, Any]:
        """Return what a description begins with."""
        key, number = {"2": ("swagger", "2.0"), "3": ("openapi", "3.0.3"), "3.1": ("openapi", "3.1.0")}[self.version]
        found: dict[str, Any] = {key: number, "info": {"title": title, "version": served}, "paths": {}}
        if self.version == "2":
            found["definitions"] = {"Error": ERROR, "ErrorText": ERROR_TEXT}
        else:
            found["components"] = {"schemas": {"Error": ERROR, "ErrorText": ERROR_TEXT}}
        if not self.needs_key:
            return found
        if self.version == "2":
            found["securityDefinitions"] = {"key": {"type": "apiKey", "name": "Authorization", "in": "header"}}
        else:
            found["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        return found | {"security": [{"key": []}]}

    def _answer(self, path: str, status: str, text: str, kinds: Sequence[str], errors: str) -> dict[str, Any]:
        where = "definitions" if self.version == "2" else "components/schemas"
        name = "ErrorText" if path.startswith("/v2") else "Error"
        error = {"$ref": f"#/{where}/{name}"} if errors == JSON or status == "401" else _STRING
        if self.version == "2":
            return {"description": text, **({} if status == "200" else {"schema": error})}
        if status == "200":
            return {"description": text, "content": {kind: {} for kind in kinds}}
        return {"description": text, "content": {JSON if "$ref" in error else errors: {"schema": error}}}

    def _parameter(self, one: dict[str, Any]) -> dict[str, Any]:
        if self.version == "2":
            return {**{key: value for key, value in one.items() if key != "schema"}, **one["schema"]}
        return one

    def _contents(self, body: Body) -> dict[str, Any]:
        found: dict[str, Any] = {kind: {"schema": schema} for kind, schema in body.schemas.items()}
        if body.example is not None:
            found[JSON]["example"] = body.example
        return found

    def _body_parameter(self, body: Body) -> dict[str, Any]:
        schema = body.schemas[JSON] | ({} if body.example is None else {"example": body.example})
        return {"name": "body", "in": "body", "required": body.required, "schema": schema}
