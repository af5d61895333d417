"""Explains why a path or method matches no route, and suggests one that does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.routing import Map

from runner.errors import close
from serving.dataplane.plane import DataPlane
from serving.errors import ServingError, quoted, shortened
from serving.protocols.registry import PROTOCOLS

_NAME, _VERSION = re.compile(r"<(?:\w+:)?name>"), re.compile(r"<(?:\w+:)?version>")
_ROWS = PROTOCOLS[0].addresses[0]
_LONGEST = 200  # characters of a path that are compared with others
_IMPLIED = ("HEAD", "OPTIONS")  # every route has these methods, so naming them does not help


def of_http(error: HTTPException, path: str, method: str, routes: Map, plane: DataPlane) -> ServingError:
    """Turn werkzeug's refusal of a request into a `ServingError`."""
    if isinstance(error, NotFound):
        return no_such_path(path, _paths(routes, plane))
    if isinstance(error, MethodNotAllowed):
        return _no_such_method(path, method, list(error.valid_methods or ()))
    if isinstance(error, RequestEntityTooLarge):
        return ServingError(413, "too_large", "The body is too large")
    code = (error.name or "error").lower().replace(" ", "_")
    return ServingError(error.code or 500, code, "The request is not valid")


def no_such_path(path: str, known: Collection[str]) -> ServingError:
    """Return the error for a path that does not exist, with the closest path that does."""
    meant = close(path[:_LONGEST], known)
    hint = f"Did you mean {meant}?" if meant is not None else f"Send rows to {_ROWS}; GET /openapi.json lists all paths"
    return ServingError(404, "not_found", f"There is no path {quoted(path)}. {hint}")


def _no_such_method(path: str, method: str, allowed: Collection[str]) -> ServingError:
    shown = sorted(set(allowed) - {*_IMPLIED}) or sorted(allowed)
    message = f"{shortened(path)} does not take {method}. Use {' or '.join(shown)}"
    return ServingError(405, "method_not_allowed", message, allow=sorted(allowed))


def _paths(routes: Map, plane: DataPlane) -> set[str]:
    """Return all paths, with the names and versions of the served models filled in."""
    return {path for rule in routes.iter_rules() for path in _filled(rule.rule, plane)}


def _filled(rule: str, plane: DataPlane) -> Iterator[str]:
    if _NAME.search(rule) is None:
        yield rule
        return
    for name, route in plane.routes.items():
        for version in route.versions if _VERSION.search(rule) else ("",):
            yield _VERSION.sub(str(version), _NAME.sub(name, rule))
