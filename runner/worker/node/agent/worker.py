"""Requests that call a function of the worker, which was sent before."""

import functools
import os
import runpy
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from .task import Task

_importing = threading.Lock()


def call(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Call a function in the worker's folder, with the task and the facts of the request."""
    folder = os.path.expanduser(facts["worker"])
    with _importing:
        module = _loader(folder)(folder, facts["module"])
    answer: "Dict[str, Any]" = getattr(module, facts["function"])(task, facts)
    return answer


@functools.lru_cache(maxsize=None)
def _loader(folder: str) -> "Any":
    return runpy.run_path(os.path.join(folder, "importlib_bootstrap.py"))["load"]
