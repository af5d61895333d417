"""The server's source as it goes into an image: the server, and what it imports of this package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent
_COMMANDS = ("__main__", "batch")  # of the controller's machine: they prepare and feed a server


def server_source() -> dict[str, bytes]:
    """Return the files by their paths, beginning with ``serving/`` or ``runner/``."""
    waiting = [path for path in (_ROOT / "serving").rglob("*.py") if path.stem not in _COMMANDS]
    found: dict[str, bytes] = {}
    while waiting:
        path = waiting.pop()
        name = path.relative_to(_ROOT).as_posix()
        if name not in found:
            found[name] = path.read_bytes()
            waiting += [file for module in _imported(found[name]) for file in _files(module)]
    return dict(sorted(found.items()))


def _imported(content: bytes) -> Iterator[str]:
    """Yield what a file imports, inside functions too; a name taken from a module may be a module itself."""
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{one.name}" for one in node.names)


def _files(module: str) -> Iterator[Path]:
    """Yield the files of a module of ours and of the packages that it is in."""
    parts = module.split(".")
    if parts[0] not in ("runner", "serving"):
        return
    for length in range(1, len(parts) + 1):
        place = _ROOT.joinpath(*parts[:length])
        yield from (file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file())
