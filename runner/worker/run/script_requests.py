"""The requests of a script, ``requests/<name>.json``. Each is answered once, in ``<name>.answer.json``.

All who answer share this rule, whatever the transport: the worker for its own script, the controller's machine for a
script in a container, and the controller for a script on a node.
"""

import os

from ..layout import ANSWER, REQUEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Set


class Requests:
    """The requests in one folder, to which the script can write.

    Parameters
    ----------
    folder : str
        The folder.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._taken: "Set[str]" = set()

    def take(self) -> "Optional[str]":
        """Return the name of the oldest request that was neither taken nor answered, None if there is none."""
        try:
            names = set(() if os.path.islink(self._folder) else os.listdir(self._folder))
        except OSError:  # no requests yet, or the script removed the folder
            return None
        requests = [name for name in names if name.endswith(REQUEST) and not name.endswith(ANSWER) and name[0] != "."]
        stems = {name[: -len(REQUEST)] for name in requests} - self._taken
        new = [stem for stem in stems if stem + ANSWER not in names]
        if not new:
            return None
        name = min(new, key=lambda stem: (len(stem), stem))
        self._taken.add(name)
        return name

    def file(self, name: str) -> str:
        """Return the file of a request."""
        return os.path.join(self._folder, name + REQUEST)

    def answer(self, name: str) -> str:
        """Return the file of the answer that the script waits for."""
        return os.path.join(self._folder, name + ANSWER)


def refusal(error: str) -> "Dict[str, Any]":
    """Return an answer that reports an error."""
    return {"ok": False, "error": error}


def unanswered(how: str) -> "Dict[str, Any]":
    """Return the answer for a process that ended without one; `how` is the process's exit code or signal."""
    return refusal("the process that answers requests ended without an answer ({})".format(how))
