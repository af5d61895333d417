"""Reads the dependencies in a ``pyproject.toml`` and uv's sources for them.

``[tool.uv.sources]`` is documented at https://docs.astral.sh/uv/concepts/projects/dependencies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import UserError

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?")
_MARKER = re.compile(r";.*$")


def dependencies(path: Path) -> list[str]:
    """Return the dependencies of a ``pyproject.toml`` as requirement lines.

    Raises
    ------
    UserError
        If it cannot be read, its ``[project]`` table has no dependencies, or a dependency has an unsupported source.
    """
    project, sources = _read(path)
    if "dependencies" not in project:
        raise UserError(
            f"environment.requirements: {path} has no dependencies in its [project] table",
            f"Install the project itself, from its folder: environment.packages=[{path.parent}]",
        )
    return [_from_source(path, str(dependency), sources) or str(dependency) for dependency in project["dependencies"]]


def unindexed_dependencies(folder: Path) -> list[str]:
    """Return the dependencies of a project's folder that do not come from a package index.

    A wheel that is built from the project contains only their names. An index may have another package of that name.

    Raises
    ------
    UserError
        As for `dependencies`.
    """
    path = folder / "pyproject.toml"
    if not path.is_file():
        return []
    project, sources = _read(path)
    lines = (_from_source(path, str(dependency), sources) for dependency in project.get("dependencies") or [])
    return [line for line in lines if line]


def _read(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the ``[project]`` table, and uv's sources by normalized package name."""
    import tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"environment.requirements: {path} cannot be read ({error})") from None
    sources = ((content.get("tool") or {}).get("uv") or {}).get("sources") or {}
    return content.get("project") or {}, {_normalized(name): source for name, source in sources.items()}


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _from_source(path: Path, line: str, sources: Mapping[str, Any]) -> str | None:
    """Return a dependency with its source from uv's table, or None if the table has none."""
    named = _NAME.match(line)
    source = sources.get(_normalized(named[1])) if named else None
    if named is None or source is None:
        return None
    place = _place(path, source) if isinstance(source, Mapping) else None
    if place is None:
        raise UserError(
            f"environment: [tool.uv.sources] of {path} has an unsupported source for {named[1]}",
            "Supported are path, url and git. Add the package's path or address to environment.packages",
        )
    marker = _MARKER.search(line)
    return f"{named[1]}{named[2] or ''} @ {place}{f' {marker[0]}' if marker else ''}"


def _place(path: Path, source: Mapping[str, Any]) -> str | None:
    keys = set(source) - {"editable", "package"}
    if keys == {"path"}:
        return (path.parent / str(source["path"])).resolve().as_uri()
    if keys == {"url"}:
        return str(source["url"])
    if "git" in keys and keys <= {"git", "rev", "tag", "branch", "subdirectory"}:
        at = next((f"@{source[name]}" for name in ("rev", "tag", "branch") if name in source), "")
        below = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
        return f"git+{source['git']}{at}{below}"
    return None
