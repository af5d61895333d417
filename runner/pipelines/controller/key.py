"""Computes the key of a step from everything that its result depends on.

Two steps with the same source, command, variables, environment, input content and declared outputs have the same key.
Where and how they run (compute, timeout, tags) makes no difference.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from runner.config.arguments import argv_of, script_argv
from runner.execution.context import RunContext
from runner.execution.plan import Plan
from runner.io.files import write_text
from runner.io.locks import locked
from runner.layout import Layout
from runner.ports.environment import EnvironmentHandle

_LENGTH = 32  # hex digits


def parts_of(
    context: RunContext, plan: Plan, handle: EnvironmentHandle, snapshot: str, inputs: Mapping[str, str]
) -> dict[str, Any]:
    """Return everything that a step's result depends on.

    Parameters
    ----------
    snapshot : str
        The hash of the step's source.
    inputs : mapping
        The hash of each input, by the input's name.

    Returns
    -------
    dict
        Plain data with the keys ``source``, ``script``, ``command``, ``arguments``, ``variables``, ``secrets``,
        ``environment``, ``inputs``, ``filenames`` and ``outputs``. ``secrets`` is a hash with the workspace's salt,
        or None if there are no secrets.
    """
    job, shown = context.spec.job, plan.config["job"]
    outputs = {name: vars(output) for name, output in context.spec.data.outputs.items()}
    secret = [script_argv(context.spec), job.environment_variables]
    known = [argv_of(job.script, shown["command"], shown["arguments"]), shown["environment_variables"] or {}]
    return {
        "source": snapshot,
        "script": job.script,
        "command": shown["command"],
        "arguments": shown["arguments"],
        "variables": shown["environment_variables"] or {},
        "secrets": _digest([_salt(context.layout), secret]) if secret != known else None,
        "environment": _environment(handle),
        "inputs": dict(inputs),
        "filenames": {
            name: settings.filename for name, settings in context.spec.data.inputs.items() if settings.filename
        },
        "outputs": {
            "data": outputs,
            "files": list(job.outputs),
            "metrics": dict(job.metrics),
            "metrics_files": list(job.metrics_files),
            "model": dataclasses.asdict(context.spec.model) if "register" in context.spec.stages else None,
        },
    }


def key_of(parts: Mapping[str, Any]) -> str:
    """Return the key of a step. The order of the arguments counts, because a script can depend on it."""
    arguments = parts["arguments"]
    ordered = list(arguments.items()) if isinstance(arguments, Mapping) else arguments
    return _digest({**parts, "arguments": ordered})[:_LENGTH]


def _environment(handle: EnvironmentHandle) -> str:
    record = handle.record
    return _digest([handle.lock_text(), record.kind, record.python_version, record.image_id or record.image])


def _salt(layout: Layout) -> str:
    """Return the workspace's random salt, which keeps secrets from being guessed from their hashes."""
    layout.step_results.mkdir(exist_ok=True)
    with locked(layout.step_lock("salt")):
        if not layout.step_salt.exists():
            write_text(layout.step_salt, secrets.token_hex(16))
        return layout.step_salt.read_text()


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
