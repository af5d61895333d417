"""Requests that run programs."""

import os
import subprocess

from .task import PIECE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from .task import Task


def run(task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Run a program until it ends and send its output, standard error included."""
    process = task.start(lambda: _start(facts, subprocess.PIPE, subprocess.STDOUT))
    if process is None:
        return {"code": None}
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    for content in iter(lambda: os.read(descriptor, PIECE), b""):
        task.say(content)
    return {"code": process.wait()}


def spawn(_task: "Task", facts: "Dict[str, Any]") -> "Dict[str, Any]":
    """Start a program that outlives the connection and writes its output to a file."""
    with open(facts["log"], "ab") as log:
        return {"pid": _start(facts, log, log).pid}


def _start(facts: "Dict[str, Any]", output: "Any", errors: "Any") -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        facts["argv"],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=_variables(facts.get("variables") or {}),
        cwd=facts.get("cwd"),
        start_new_session=True,
    )


def _variables(changes: "Dict[str, Any]") -> "Dict[str, str]":
    """Return this process's variables with changes. None removes a variable."""
    variables = dict(os.environ)
    for name, value in changes.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    return variables
