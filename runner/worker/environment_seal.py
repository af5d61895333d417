"""Detects changes to an environment since it was built.

pip in a script installs beside the run, see ``pip_install``. Other installers, such as ``uv pip install`` or
``python -I -m pip``, change the environment that other runs share. The names of installed packages and the sizes of
their file lists are therefore recorded when an environment is built, and compared after each run and before each use.
So is the interpreter: which file is executed, and its content. The content is read again only if its times changed.
"""

import json
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

RECORD = "environment.json"  # without it, an environment is rebuilt
SEAL = "content.json"
_PYTHON = os.path.join("bin", "python")
_FIXED = ("path", "sha256")  # must not change; the rest avoids lookups and reads
_BLOCK = 1 << 20
_SHOWN = 5


def seal(prefix: str) -> None:
    """Record the content of an environment that has just been built."""
    _write(prefix, dict(_content(prefix), **{_PYTHON: _interpreter(prefix)}))


def changes(prefix: str) -> "List[str]":
    """Return what was added, removed or replaced in an environment; nothing if it was not sealed."""
    try:
        with open(os.path.join(prefix, SEAL)) as file:
            then = dict(json.load(file))
    except FileNotFoundError:
        return []
    except (TypeError, ValueError):
        return [SEAL]
    python, now = then.pop(_PYTHON, None), _content(prefix)
    changed = sorted(name for name in set(now) | set(then) if now.get(name) != then.get(name))
    if not isinstance(python, dict):
        return [SEAL, *changed]
    again = _interpreter(prefix, python)
    if [again[name] for name in _FIXED] != [python.get(name) for name in _FIXED]:
        return [_PYTHON, *changed]
    if again != python and not changed:
        try:
            _write(prefix, dict(then, **{_PYTHON: again}))
        except OSError:  # read again the next time
            pass
    return changed


def notes(prefix: str) -> "List[str]":
    """Return a note on changes to an environment, and mark it to be rebuilt."""
    changed = changes(prefix)
    if not changed:
        return []
    invalidate(prefix)
    return [
        "the shared environment changed while the script ran ({}) and will be rebuilt before its next "
        "use; add packages to environment.packages, or install them with python -m pip".format(shown(changed))
    ]


def invalidate(prefix: str) -> None:
    """Mark an environment to be rebuilt before its next use."""
    try:
        os.remove(os.path.join(prefix, RECORD))
    except FileNotFoundError:  # another run has noticed it
        pass


def is_invalid(prefix: str) -> bool:
    """Return whether a sealed environment is marked to be rebuilt."""
    return not os.path.exists(os.path.join(prefix, RECORD)) and os.path.exists(os.path.join(prefix, SEAL))


def shown(names: "List[str]") -> str:
    """Return the names of changes, at most the first few."""
    more = " and {} more".format(len(names) - _SHOWN) if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _write(prefix: str, content: "Dict[str, Any]") -> None:
    path = os.path.join(prefix, SEAL)
    aside = "{}.{}.tmp".format(path, os.getpid())
    with open(aside, "w") as file:
        json.dump(content, file)
    os.rename(aside, path)


def _interpreter(prefix: str, known: "Any" = None) -> "Dict[str, Any]":
    """Return which file is executed, inside of the environment by its relative path, its times and its content.

    A file's times can be set, except the time of its last change of any kind. If the file and its times are the known
    ones, its path is not looked up and its content is not read again.
    """
    python = os.path.join(prefix, _PYTHON)
    try:
        state = os.stat(python)
    except OSError:
        state = None
    facts = {} if state is None else _facts(state)
    if known is not None and facts and dict(known, **facts) == known:
        return dict(known)
    real, home = os.path.realpath(python), os.path.realpath(prefix)
    record = {"path": os.path.relpath(real, home) if real.startswith(home + os.sep) else real}
    if state is None or not stat.S_ISREG(state.st_mode):
        return dict(record, sha256="")
    return dict(record, sha256=_hash(real), **facts)


def _facts(state: "os.stat_result") -> "Dict[str, int]":
    """Return the facts that identify a file and its state."""
    return {
        "device": state.st_dev,
        "file": state.st_ino,
        "size": state.st_size,
        "modified": state.st_mtime_ns,
        "changed": state.st_ctime_ns,
    }


def _hash(path: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(_BLOCK), b""):
            digest.update(block)
    return digest.hexdigest()


def _content(prefix: str) -> "Dict[str, int]":
    """Return the names of installed files, with sizes.

    Times are left out, so that a workspace can be copied; so are folders of code, in which libraries keep caches.
    """
    lib = os.path.join(prefix, "lib")
    versions = [name for name in os.listdir(lib) if name.startswith("python")] if os.path.isdir(lib) else []
    folders = [os.path.join(lib, name, "site-packages") for name in versions]
    folders.append(os.path.join(prefix, "conda-meta"))
    return dict(entry for folder in folders for entry in _entries(folder))


def _entries(folder: str) -> "Iterator[Tuple[str, int]]":
    for entry in os.scandir(folder) if os.path.isdir(folder) else ():
        if entry.name.endswith((".dist-info", ".egg-info")) and entry.is_dir():
            yield entry.name, _size(os.path.join(entry.path, "RECORD"))
        elif entry.is_dir():
            if entry.name != "__pycache__":
                yield entry.name, 0
        elif entry.name != "history":  # conda's history
            yield entry.name, _size(entry.path)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return -1


if __name__ == "__main__":
    seal(sys.argv[1])
