"""Collects the server's source for an image: the server, and its imports from this project."""

from __future__ import annotations

import ast
import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from runner.config.shipped import IS_CLONE
from runner.endpoints.store import EndpointStore
from runner.errors import UserError
from runner.io.files import make_folder, write_bytes
from runner.io.folders import list_files, remove_tree
from runner.io.json_records import read_record
from runner.io.names import is_name
from runner.io.staging import remove_abandoned, staging_at
from runner.layout import Layout
from runner.records import ServerProcessRecord
from runner.store.finding import entries

_ROOT = Path(__file__).resolve().parent.parent.parent
_STAGING = ".staging-"
_COMMANDS = ("__main__", "batch")  # run on the controller's machine, not in an image


def importable(layout: Layout) -> str:
    """Return a folder from which any environment can import the server, and nothing else.

    If vivero is installed, this is a copy in the workspace. The original is next to the packages of this Python, which
    a model's own environment would then import too.
    """
    if IS_CLONE:
        return str(_ROOT)
    files = server_source(commands=True)
    target = _copy_of(layout, files)
    if not _is_intact(files, target):
        remove_tree(target)
        _write(files, target)
    return str(target)


def _copy_of(layout: Layout, files: dict[str, bytes]) -> Path:
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return layout.servers / digest.hexdigest()[:32]


def unused_copies(layout: Layout) -> list[Path]:
    """Return the copies in a workspace that are used neither by this version of vivero nor by a running endpoint.

    Raises
    ------
    UserError
        If it is not known which copy a running endpoint imports.
    """
    there = {Path(entry.path) for entry in entries(layout.servers) if is_name(entry.name)}
    if not there:
        return []
    store = EndpointStore(layout)
    used = {_source_of(layout, name) for name in store.listed() if store.alive(name)}
    return sorted(there - used - {_copy_of(layout, server_source(commands=True))})


def _source_of(layout: Layout, name: str) -> Path:
    """Return the folder that a running endpoint imports its modules from."""
    try:
        source = read_record(layout.endpoint(name).process, ServerProcessRecord).source
    except FileNotFoundError:
        source = None
    if source is None:
        raise UserError(
            f"Endpoint {name} does not record which server source it uses", f"Start it again: vivero stop {name}"
        )
    return Path(source)


def _is_intact(files: dict[str, bytes], target: Path) -> bool:
    """Return whether a folder has exactly these files, unchanged."""
    present = {name for name in list_files(target) if "__pycache__" not in name} if target.is_dir() else set()
    return present == files.keys() and all((target / name).read_bytes() == content for name, content in files.items())


def _write(files: dict[str, bytes], target: Path) -> None:
    make_folder(target.parent)
    remove_abandoned(target.parent, _STAGING)
    staging = target.with_name(f"{_STAGING}{secrets.token_hex(6)}")
    with staging_at(staging):
        for name, content in files.items():
            make_folder((staging / name).parent)
            write_bytes(staging / name, content, durable=False)
        try:
            staging.rename(target)
        except OSError:
            if not target.exists():  # otherwise another process was first
                raise


def server_source(*, commands: bool = False) -> dict[str, bytes]:
    """Return the files by path, beginning with ``serving/`` or ``runner/``. With `commands`, include the commands."""
    waiting = [path for path in (_ROOT / "serving").rglob("*.py") if commands or path.stem not in _COMMANDS]
    sources: dict[str, bytes] = {}
    while waiting:
        path = waiting.pop()
        name = path.relative_to(_ROOT).as_posix()
        if name not in sources:
            sources[name] = path.read_bytes()
            waiting += [file for module in _imported(path, sources[name]) for file in _files(module)]
    return dict(sorted(sources.items()))


def _imported(path: Path, content: bytes) -> Iterator[str]:
    """Yield a file's imports, including those in functions. A name imported from a module may itself be a module."""
    parents = path.relative_to(_ROOT).parts
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            within = parents[: -node.level] if node.level else ()
            module = ".".join([*within, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _files(module: str) -> Iterator[Path]:
    """Yield the files of a module of this project, and of the packages that contain it."""
    parts = module.split(".")
    if parts[0] not in ("runner", "serving"):
        return
    for length in range(1, len(parts) + 1):
        place = _ROOT.joinpath(*parts[:length])
        yield from (file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file())
