"""Chooses what a prefork interpreter imports: what the script was seen to import, else what its text says.

An import counts only if nobody can tell when it happened: a module that starts a thread or prints while it is
imported is refused, and so is all that does not come from the environment itself.
"""

import importlib
import importlib.machinery
import os
import sys
import threading

from ..layout import WORKER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, List, Optional

# Stand-ins that read the run's variables, or trackers that do so while they are imported.
NEVER = frozenset(["azureml", "mlflow", "mlflow_skinny", "__main__", "__mp_main__", "sitecustomize", "usercustomize"])


class Refused(Exception):
    """A module must not be imported ahead; this process is no longer usable."""


def preload(names: "Iterable[str]", refused: "Iterable[str]") -> None:
    """Import modules in order. One that fails is skipped; the script's own import reports it.

    Raises
    ------
    Refused
        With the name of a module whose import leaves more than modules behind.
    """
    left_out = set(refused)
    for name in names:
        if name in sys.modules or name in left_out or not _is_ours(name):
            continue
        printed = _printed()
        try:
            importlib.import_module(name)
        except Exception:
            if _printed() == printed and threading.active_count() == 1:
                continue  # left out; the script's own import of it says what is wrong
            raise Refused(name)
        if _printed() != printed or threading.active_count() > 1:
            raise Refused(name)


def environment_modules(modules: "Any") -> "List[str]":
    """Return the names of imported modules that come from the environment, in the order of their import."""
    return [name for name, module in list(modules.items()) if _from_environment(name, module)]


def _printed() -> int:
    """Return how much was printed so far; standard error goes to a file of this process alone."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.fstat(2).st_size + os.fstat(1).st_size


def _is_ours(name: str) -> bool:
    """Return whether a module would come from the environment, without importing more than what leads to it."""
    top = name.split(".", 1)[0]
    if top in NEVER:
        return False
    if top in sys.modules:
        return _from_environment(top, sys.modules[top])
    try:
        spec = importlib.machinery.PathFinder.find_spec(top)
    except Exception:  # a finder of theirs may raise anything; what it would find is then not loaded ahead
        return False
    if spec is None:
        return top in sys.builtin_module_names
    return _is_below(spec.origin)


def _from_environment(name: str, module: "Any") -> bool:
    spec: "Any" = getattr(module, "__spec__", None)
    if name.split(".", 1)[0] in NEVER or getattr(spec, "name", None) != name:
        return False
    return bool(spec.origin in ("built-in", "frozen") or _is_below(spec.origin))


def _is_below(origin: "Optional[str]") -> bool:
    if not origin or not os.path.isabs(origin) or origin.startswith(WORKER + os.sep):
        return False
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    return any(origin.startswith(os.path.join(prefix, "lib")) for prefix in prefixes)
