"""Which function executes which request."""

from . import commands, files, machine, worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from .task import Execute, Task

REQUESTS: "Dict[str, Execute]" = {
    "append": files.append,
    "call": worker.call,
    "contents": files.contents,
    "know": machine.know,
    "lock": files.lock,
    "look": files.look,
    "missing": files.missing,
    "pack": files.pack,
    "read": files.read,
    "remove": files.remove,
    "rename": files.rename,
    "run": commands.run,
    "spawn": commands.spawn,
    "unpack": files.unpack,
    "write": files.write,
}


def execute(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Execute a request and return the facts of its last message."""
    return REQUESTS[facts["do"]](task, facts)
