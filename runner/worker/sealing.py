"""Notice that an environment is no longer what its lock says.

pip in a script installs beside the run, see ``installing``. Whatever else installs, such as ``uv pip install`` or
``python -I -m pip``, changes the environment that other runs share. So the names of what is installed, with the sizes
of the lists of its files, are kept when an environment has been built, and compared after each run and before each use.
"""

import glob
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Tuple

RECORD = "environment.json"  # without it an environment is built again
_SEAL = "content.json"
_SHOWN = 5


def seal(prefix: str) -> None:
    """Keep what an environment consists of, once it has been built."""
    with open(os.path.join(prefix, _SEAL), "w") as file:
        json.dump(_content(prefix), file)


def changes(prefix: str) -> "List[str]":
    """Return what was added, removed or replaced in an environment; nothing for one that was not sealed."""
    try:
        with open(os.path.join(prefix, _SEAL)) as file:
            then = json.load(file)
    except FileNotFoundError:
        return []
    now = _content(prefix)
    return sorted(name for name in set(now) | set(then) if now.get(name) != then.get(name))


def notes(prefix: str) -> "List[str]":
    """Return a line that names what was changed in an environment, which is built again before its next use."""
    found = changes(prefix)
    if not found:
        return []
    try:
        os.remove(os.path.join(prefix, RECORD))
    except FileNotFoundError:  # another run that used it has seen it
        pass
    more = " and {} more".format(len(found) - _SHOWN) if len(found) > _SHOWN else ""
    return [
        "the environment that runs share was changed while the script ran ({}{}), and is built again before its next "
        "use; add packages to environment.packages, or install them with python -m pip".format(
            ", ".join(found[:_SHOWN]), more
        )
    ]


def _content(prefix: str) -> "Dict[str, int]":
    """Return what is installed by its names, with sizes.

    Times are left out, so that a workspace can be copied; so are folders of code, in which libraries keep caches.
    """
    folders = glob.glob(os.path.join(glob.escape(prefix), "lib", "python*", "site-packages"))
    folders.append(os.path.join(prefix, "conda-meta"))
    return dict(one for folder in folders for one in _entries(folder))


def _entries(folder: str) -> "Iterator[Tuple[str, int]]":
    for entry in os.scandir(folder) if os.path.isdir(folder) else ():
        if entry.name.endswith((".dist-info", ".egg-info")) and entry.is_dir():
            yield entry.name, _size(os.path.join(entry.path, "RECORD"))
        elif entry.is_dir():
            if entry.name != "__pycache__":
                yield entry.name, 0
        elif entry.name != "history":  # conda's log of what was done
            yield entry.name, _size(entry.path)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return -1


if __name__ == "__main__":
    seal(sys.argv[1])
