"""Builds an environment on the local node.

Started as ``python build_on_node.py FOLDER``. The folder has ``asked.json`` and, in ``files``, the files it names.
Output is progress; the result is written to ``answer.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if __name__ == "__main__":  # started by path: search three folders up for the package, not this folder
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from runner.environments.requirements.wheel_store import WheelStore
from runner.errors import UserError, as_mistake
from runner.hosts.local import LocalHost
from runner.io.files import write_json
from runner.layout import Layout
from runner.ports.environment import Environment
from runner.records import EnvironmentRecord


def main(folder: Path) -> None:
    """Process the request in a folder and write the answer there."""
    request = json.loads((folder / "asked.json").read_bytes())
    try:
        answer = answered(request, folder)
    except (UserError, OSError) as error:
        mistake = as_mistake(error)
        if mistake is None:
            raise
        answer = {"mistake": [mistake.message, mistake.hint]}
    write_json(folder / "answer.json", answer)


def answered(request: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Build the requested environment.

    Parameters
    ----------
    request : dict
        ``root`` (the workspace), ``settings``, and ``record`` and ``lock`` of an environment to restore, or None.
    folder : Path
        The folder with the request's files.

    Returns
    -------
    dict
        ``record``, ``lock``, ``enter`` (the words before a command), ``python`` and ``variables``.
    """
    layout, host = Layout(Path(request["root"])), LocalHost()
    for wheel in (folder / "files" / "wheels").glob("*.whl"):
        WheelStore(layout).keep(wheel)
    environment = _environment(request["settings"], layout, folder / "files")
    if request["record"] is None:
        handle = environment.prepare(host, print)
    else:
        handle = environment.restore(EnvironmentRecord.from_json(request["record"]), request["lock"], host, print)
    return {
        "record": handle.record.to_json(),
        "lock": handle.lock_text(),
        "enter": handle.argv(["python"])[:-1],
        "python": handle.inside(["python"])[0],
        "variables": handle.variables(),
    }


def _environment(settings: dict[str, Any], layout: Layout, base: Path) -> Environment:
    if settings["kind"] == "docker":
        from runner.environments.docker.environment import DockerEnvironment

        return DockerEnvironment(layout, named(settings), base)
    from runner.environments.conda.environment import CondaEnvironment

    return CondaEnvironment(layout, base=base, **{name: value for name, value in settings.items() if name != "kind"})


def named(value: Any) -> Any:
    """Return settings with their keys as attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: named(item) for name, item in value.items()})
    return [named(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
