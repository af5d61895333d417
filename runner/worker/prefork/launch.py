"""What starts a prefork interpreter for a run, and decides which runs can share one."""

import hashlib
import json
import os

from .. import files
from ..job_order import TRAINING
from ..layout import BOOTSTRAP, WORK
from ..typed_fields import TypedFields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Sequence

    from ..job_order import JobOrder


class Launch(TypedFields):
    """What a prefork interpreter needs to start, and to fork the worker of a run.

    Parameters
    ----------
    command
        The command that starts the interpreter. The run's folder and two descriptors are appended.
    key
        What an interpreter depends on: program, variables and script. Runs with the same key share one.
    run
        The run's folder.
    python, script
        The Python inside the environment, and the path of the script.
    learned
        The file that keeps what similar scripts import, None if they keep nothing.
    attended
        Whether the interpreter is in a container. Its pids are then not ours, and workers are known by a descriptor.
    """

    command: "Sequence[str]"
    key: str
    run: str
    python: str
    script: str
    learned: "Optional[str]" = None
    attended: bool = False


def make(
    run: str,
    order: "JobOrder",
    python: "Sequence[str]",
    learned: "Optional[str]",
    inside: "Optional[Sequence[str]]" = None,
    scope: "Sequence[str]" = (),
    attended: bool = False,
) -> "Optional[Launch]":
    """Return how to fork a run's worker, or None unless the run is ``python script.py`` in the environment.

    Parameters
    ----------
    run : str
        The run's folder.
    order : JobOrder
        What its worker is told.
    python : list of str
        The command that starts the environment's Python.
    learned : str or None
        The folder of the files that keep what scripts import.
    inside : list of str or None
        The same command for a process in the environment. Default: `python`.
    scope : list of str
        What else runs must have in common to share an interpreter.
    attended : bool
        Whether the environment is a container.
    """
    if list(python if inside is None else inside) != list(order.argv[:1]) or not _is_plain(order):
        return None
    script = os.path.join(run, WORK, order.argv[1])
    content = _hash(script)
    variables = {name: value for name, value in dict(os.environ, **order.variables).items() if name != TRAINING}
    return Launch(
        command=[*python, "-s", BOOTSTRAP, "prefork.interpreter", "--variables"],
        key=_digest(*python, *scope, json.dumps(variables, sort_keys=True), content),
        run=run,
        python=order.argv[0],
        script=script,
        learned=learned and os.path.join(learned, _digest(order.argv[0], content)[:32] + ".json"),
        attended=attended,
    )


def _is_plain(order: "JobOrder") -> bool:
    """Return whether an order starts a script without options, and without paths of modules below the run's folder."""
    if order.batch is not None:
        return False
    folders = (dict(os.environ, **order.variables).get("PYTHONPATH") or "").split(os.pathsep)
    is_script = len(order.argv) > 1 and order.argv[1].endswith(".py")
    return is_script and all(os.path.isabs(folder) for folder in folders if folder)


def _hash(script: str) -> str:
    try:
        return files.hash_path(script)
    except OSError:
        return ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
