"""What one operation of the description says, in the words of OpenAPI 2, 3 and 3.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.errors import MEANING, OF_ANY, is_text
from serving.http.door import HEALTH

JSON = "application/json"
TEXT = "text/plain"
CSV = "text/csv"
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
        answer: str,
        refusals: Sequence[int] = (),
        *,
        kinds: Sequence[str] = (JSON,),
        not_now: str = JSON,
        body: Body | None = None,
        parameters: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """Return one operation.

        Parameters
        ----------
        answer : str
            What a 200 means.
        refusals : sequence of int
            What else it may be answered, beside what any request may.
        kinds : sequence of str
            Content types of a 200.
        not_now : str
            The content type of a 503.
        """
        closed = self.needs_key and path not in HEALTH
        refused = sorted({*OF_ANY, *refusals, *([401] if closed else [])})
        found: dict[str, Any] = {
            "operationId": name,
            "summary": summary,
            "security": [{"key": []}] if closed else [],
            "responses": {
                "200": self._answer(answer, kinds),
                **{str(one): self._refusal(path, one, not_now) for one in refused},
            },
        }
        said = [self._parameter(one) for one in parameters]
        if self.version == "2":
            found["produces"] = sorted({*kinds, JSON, not_now})
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

    def _answer(self, text: str, kinds: Sequence[str]) -> dict[str, Any]:
        return {"description": text, **({} if self.version == "2" else {"content": {kind: {} for kind in kinds}})}

    def _refusal(self, path: str, status: int, not_now: str) -> dict[str, Any]:
        where = "definitions" if self.version == "2" else "components/schemas"
        name = "ErrorText" if is_text(path) else "Error"
        contents = {JSON: {"schema": {"$ref": f"#/{where}/{name}"}}}
        if status == 503 and not_now != JSON:
            contents = {not_now: {"schema": _STRING}, **contents}
        if self.version == "2":
            return {"description": MEANING[status], **next(iter(contents.values()))}
        return {"description": MEANING[status], "content": contents}

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
