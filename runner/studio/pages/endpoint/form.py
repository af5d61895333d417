"""Derives the fields of the form from the OpenAPI description of an endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_FIELDS = 60  # a row with more columns is edited as JSON
_CHOICES = 200
_JSON = "application/json"


@dataclass(frozen=True)
class Field:
    """A column. `kind` is number, choice or text, and `value` is its value in the example."""

    name: str
    kind: str
    about: str = ""
    choices: list[Any] = field(default_factory=list)
    value: Any = None


@dataclass(frozen=True)
class Form:
    """The form of one address. A row is an object if `by_name`, otherwise a list. `body` is an example request."""

    path: str
    title: str
    fields: list[Field]
    by_name: bool
    methods: list[str]
    body: Any


def forms(schema: Mapping[str, Any]) -> list[Form]:
    """Return a form for each model. An address whose description has another structure has no form."""
    paths = schema.get("paths")
    every = [form for path, item in (paths.items() if isinstance(paths, dict) else ()) for form in _form(path, item)]
    named = [form for form in every if form.path != "/score"]
    return named if len(named) > 1 else every[:1]


def _form(path: str, item: Any) -> Iterator[Form]:
    post = _at(item, "post")
    content = _at(post, "requestBody", "content", _JSON)
    if not path.startswith("/score") or not isinstance(content, dict):
        return
    body = content.get("example")
    row = _first_row(body)
    columns = list(_columns(_at(content, "schema", "properties", "data")))
    fields = [_field(name, about, _value(row, name, at)) for at, (name, about) in enumerate(columns)]
    yield Form(
        path=path,
        title=str(post.get("summary", ""))[:300],
        fields=fields if len(fields) <= _FIELDS else [],
        by_name=not isinstance(row, list) and not all(field_.name.isdigit() for field_ in fields),
        methods=[str(method) for method in _methods(post)],
        body=body,
    )


def _at(value: Any, *names: str) -> Any:
    """Return a nested value, or None if it does not exist."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _first_row(body: Any) -> Any:
    rows = _at(body, "data")
    return rows[0] if isinstance(rows, list) and rows else None


def _columns(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the columns of a row, from the alternative of the schema in which a row is an object."""
    alternatives = _at(data, "anyOf")
    for alternative in alternatives if isinstance(alternatives, list) else [data]:
        properties = _at(alternative, "items", "properties")
        if _at(alternative, "type") == "array" and isinstance(properties, dict):
            yield from ((str(name), about) for name, about in properties.items() if isinstance(about, dict))
            return


def _value(row: Any, name: str, at: int) -> Any:
    if isinstance(row, dict):
        return row.get(name)
    return row[at] if isinstance(row, list) and at < len(row) else None


def _field(name: str, about: Mapping[str, Any], value: Any) -> Field:
    choices, kinds = about.get("enum"), about.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    text = str(about.get("description", ""))[:200]
    if isinstance(choices, list) and len(choices) <= _CHOICES:
        return Field(name, "choice", text, choices, value)
    return Field(name, "number" if "number" in kinds and "string" not in kinds else "text", text, value=value)


def _methods(post: Mapping[str, Any]) -> list[Any]:
    parameters = post.get("parameters")
    for parameter in parameters if isinstance(parameters, list) else []:
        if _at(parameter, "name") == "method":
            names = _at(parameter, "schema", "enum")
            return names if isinstance(names, list) else []
    return []
