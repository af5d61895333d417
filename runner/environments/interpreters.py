"""Finds the Pythons of this machine. Shims are skipped, because they may start another Python than the one found."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.errors import UserError
from runner.io.files import write_json
from runner.layout import Layout
from runner.ports.host import Host, Interpreter

_PROBE = "import platform, sysconfig; print(platform.python_version(), sysconfig.get_platform())"
_REQUEST = re.compile(r"\d+(\.\d+){0,2}")


class Interpreters:
    """The interpreters of a host. Versions are cached in a file, so that known interpreters need not be started."""

    def __init__(self, layout: Layout, host: Host) -> None:
        self._cache = layout.environments / "interpreters.json"
        self._host = host

    def find(self, request: str | None, match: str = "patch") -> Interpreter:
        """Return the requested interpreter.

        Parameters
        ----------
        request : str or None
            ``3.11``, ``3.11.7``, a path, or None for the controller's own version.
        match : str
            ``patch``: exactly 3.11.7; ``minor``: another 3.11 if 3.11.7 is not installed.

        Raises
        ------
        UserError
            If none matches. The message names the installed versions.
        """
        if not self._host.is_local:
            return find_on(self._host, request, match)
        if request is not None and not _REQUEST.fullmatch(request):
            path = Path(request).expanduser()
            if not path.is_file():
                raise UserError(f"environment.python: {path} does not exist", "Give a version such as 3.11, or a path")
            return self._one(path)
        if request is None:
            return self._one(Path(os.path.realpath(sys.executable)))
        known = self._facts(list(dict.fromkeys(_candidates(request))))
        fitting = _fitting(known, request, match)
        if not fitting:
            every = self._facts(list(dict.fromkeys(_candidates(""))))
            raise _absent(f"environment.python={request} is not installed on this machine", request, every)
        return max(fitting, key=lambda interpreter: _number(interpreter.version))

    def _one(self, path: Path) -> Interpreter:
        interpreters = self._facts([path])
        if not interpreters:
            raise UserError(f"environment.python: {path} is not a Python interpreter")
        return interpreters[0]

    def _facts(self, paths: list[Path]) -> list[Interpreter]:
        """Return the interpreters that start."""
        try:
            cached = json.loads(self._cache.read_bytes())
        except (FileNotFoundError, ValueError):
            cached = {}
        interpreters, changed = [], False
        for path in paths:
            stamp = f"{path.stat().st_mtime_ns} {path.stat().st_size}"
            entry = cached.get(str(path))
            if entry is None or entry[0] != stamp:
                done = self._host.run([str(path), "-I", "-c", _PROBE], timeout=20)
                words = done.output.decode(errors="replace").split()
                if done.exit_code != 0 or len(words) != 2:
                    continue
                entry, changed = [stamp, *words], True
                cached[str(path)] = entry
            interpreters.append(Interpreter(path, entry[1], entry[2]))
        if changed:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._cache, cached)
        return interpreters


def find_on(host: Host, request: str | None, match: str = "patch") -> Interpreter:
    """Return an interpreter of another machine.

    Parameters
    ----------
    host : Host
        The machine.
    request : str or None
        ``3.11``, ``3.11.7``, a path on it, or None for the controller's minor version, preferably its patch version.
    match : str
        As for `Interpreters.find`.

    Raises
    ------
    UserError
        If none matches. The message names the installed versions.
    """
    current, known = platform.python_version(), host.pythons()
    if request is not None and not _REQUEST.fullmatch(request):
        fitting = [interpreter for interpreter in known if str(interpreter.path) == request]
    else:
        fitting = _fitting(known, request or _minor(current), match)
    if not fitting:
        raise _absent(f"Python {request or current} is not installed on {host.name}", request or current, known)
    return max(
        fitting,
        key=lambda interpreter: (request is None and interpreter.version == current, _number(interpreter.version)),
    )


def as_version(request: str | None) -> str | None:
    """Return the version that was meant: YAML reads 3.10 as the number 3.1, and ``3.11.*`` means 3.11."""
    if request is None:
        return None
    request = request.strip().removeprefix("==").removesuffix(".*")
    return "3.10" if request == "3.1" else request


def _fitting(known: Sequence[Interpreter], request: str, match: str) -> list[Interpreter]:
    exact = [interpreter for interpreter in known if _fits(interpreter.version, request)]
    if exact or match != "minor":
        return exact
    return [interpreter for interpreter in known if _fits(interpreter.version, _minor(request))]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _absent(what: str, request: str, known: Sequence[Interpreter]) -> UserError:
    available = ", ".join(sorted({interpreter.version for interpreter in known}, key=_number)) or "none"
    near = any(_fits(interpreter.version, _minor(request)) for interpreter in known)
    more = f". To accept any {_minor(request)}: environment.python_match=minor" if near else ""
    return UserError(what, f"Available: {available}{more}")


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _fits(version: str, request: str) -> bool:
    return version == request or version.startswith(request + ".")


def _candidates(request: str) -> Iterator[Path]:
    """Yield interpreters whose path suggests the version, or all of them for an empty request."""
    short = ".".join(request.split(".")[:2])
    pattern = re.compile(r"python3\.\d+" if "." not in short else re.escape(f"python{short}"))
    executable = Path(os.path.realpath(sys.executable))
    folders = [
        executable.parent,
        *_managed_folders(),
        *(Path(folder) for folder in os.get_exec_path()),
        Path("/usr/bin"),
    ]
    for folder in dict.fromkeys(folders):
        if folder.name == "shims" or not folder.is_dir():
            continue
        for entry in sorted(folder.iterdir()):
            if pattern.fullmatch(entry.name) and os.access(entry, os.X_OK):
                real = Path(os.path.realpath(entry))
                if real.is_file() and "shims" not in real.parts:
                    yield real


def _managed_folders() -> Iterator[Path]:
    """Yield the folders of interpreters that pyenv and uv have installed."""
    home = Path.home()
    roots = [Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"]
    roots += [Path(folder).parent / "versions" for folder in os.get_exec_path() if Path(folder).name == "shims"]
    roots.append(Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local" / "share" / "uv" / "python")))
    for root in dict.fromkeys(roots):
        if root.is_dir():
            yield from (entry / "bin" for entry in sorted(root.iterdir()))
