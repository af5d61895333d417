"""Installs vivero's own program on a node: its source, and an environment with its dependencies."""

from __future__ import annotations

import functools
from importlib.metadata import version
from pathlib import Path

import runner
from runner.environments.venv import VenvEnvironment
from runner.errors import UserError
from runner.hosts.remote.host import RemoteHost
from runner.io.folders import list_files
from runner.io.hashes import hash_files
from runner.layout import Layout
from runner.ports.say import Say

_PACKAGE = Path(runner.__file__).resolve().parent
_NEEDED = {"docker": ("docker", "pyyaml", "uv"), "conda": ("py-rattler", "pyyaml", "uv")}


def install_program(host: RemoteHost, kind: str, layout: Layout, say: Say) -> tuple[str, Path]:
    """Upload vivero's source to a node, and install its dependencies for one kind of environment.

    Returns
    -------
    str
        The Python to start it with.
    Path
        The folder of the package ``runner`` on the node.

    Raises
    ------
    UserError
        If no Python is suitable, or the upload fails.
    """
    packages = [f"{name}=={version(name)}" for name in _NEEDED[kind]]
    try:
        python = VenvEnvironment(layout, packages=packages).prepare(host, say).argv(["python"])[0]
    except UserError as mistake:
        raise UserError(f"environment={kind} needs a Python on {host.name}: {mistake.message}", mistake.hint) from None
    return python, _upload_source(host)


def _upload_source(host: RemoteHost) -> Path:
    target = host.root / "runner" / _key()
    host.send_folder(target, lambda: {f"runner/{name}": _PACKAGE / name for name in _sources()})
    return target / "runner"


def _sources() -> list[str]:
    return [name for name in list_files(_PACKAGE) if name.endswith(".py")]


@functools.cache
def _key() -> str:
    return hash_files(_PACKAGE, _sources())
