"""Finds the Pythons of a node. Shims are skipped, so that the interpreter found is the one that runs."""

import os
import re
import subprocess
import sys

from .. import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List

_PROBE = "import platform, sysconfig; print(platform.python_version(), sysconfig.get_platform())"
_NAME = re.compile(r"python3(\.\d+)?")
_PATIENCE = 20  # seconds for an interpreter to start


def find(task: "Any", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Return path, version and platform of each Python. Known and unchanged ones are not started again."""
    cache = os.path.join(facts["root"], "pythons.json")
    try:
        known = files.read_json(cache)
    except (OSError, ValueError):
        known = {}
    pythons, entries = [], {}  # type: List[Dict[str, str]], Dict[str, Any]
    for path in dict.fromkeys(_candidates([*facts["also"], sys.executable])):
        state = os.stat(path)
        stamp = "{} {}".format(state.st_mtime, state.st_size)
        entry = known.get(path)
        if entry is None or entry[0] != stamp:
            entry = [stamp, *_facts(path)]
        entries[path] = entry
        if len(entry) == 3:
            pythons.append({"path": path, "version": entry[1], "platform": entry[2]})
    if entries != known:
        files.write_json(cache, entries, durable=False)
    return {"pythons": pythons}


def _candidates(also: "List[str]") -> "Iterator[str]":
    """Yield real interpreters: from the given paths, the PATH, pyenv and uv."""
    home = os.path.expanduser("~")
    folders = [*os.get_exec_path(), "/usr/local/bin", "/usr/bin"]
    managed = [os.environ.get("PYENV_ROOT", os.path.join(home, ".pyenv")) + "/versions"]
    managed.append(os.environ.get("UV_PYTHON_INSTALL_DIR", os.path.join(home, ".local/share/uv/python")))
    for root in managed:
        if os.path.isdir(root):
            folders += [os.path.join(root, name, "bin") for name in sorted(os.listdir(root))]
    paths = [os.path.expanduser(path) for path in also]
    for folder in folders:
        if os.path.basename(folder) != "shims" and os.path.isdir(folder):
            paths += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if _NAME.fullmatch(name)]
    for path in paths:
        real = os.path.realpath(path)
        if os.path.isfile(real) and os.access(real, os.X_OK) and "shims" not in real.split(os.sep):
            yield real


def _facts(path: str) -> "List[str]":
    """Return version and platform of a Python, or nothing if it does not start."""
    try:
        done = subprocess.run(
            [path, "-I", "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    words = done.stdout.decode("utf-8", "replace").split()
    return words if done.returncode == 0 and len(words) == 2 else []
