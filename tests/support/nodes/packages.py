"""Packages of this environment as a layer of a node's file system, for the node's own Python."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
from pathlib import Path

from tests.support.nodes.tree import node_tree
from tests.support.suite import caches

_PYTHON = "3.11"  # the Python in .ci/node-tree


def packages_layer(name: str) -> Path:
    """Return a layer whose ``/opt/venv`` is a virtual environment with a package, in the versions installed here."""
    pins = sorted(
        {
            f"{distribution.name}=={distribution.version}"
            for distribution in importlib.metadata.distributions()
            if distribution.name != "vivero"
        }
    )
    return caches.kept(name, [node_tree().name, *pins], lambda layer: _install(name, pins, layer))


def _install(name: str, pins: list[str], layer: Path) -> None:
    from uv import find_uv_bin

    place = layer / "opt" / "venv"
    target = place / "lib" / f"python{_PYTHON}" / "site-packages"
    target.mkdir(parents=True)
    (place / "bin").mkdir()
    (place / "bin" / "python").symlink_to("/usr/bin/python3")
    (place / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    constraints = layer / "constraints.txt"
    constraints.write_text("\n".join(pins))
    subprocess.run(
        [find_uv_bin(), "pip", "install", "--quiet", "--target", str(target), "--python-version", _PYTHON,
         "--compile-bytecode", "--link-mode", "copy", "--constraint", str(constraints), name],
        check=True, env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
    )  # fmt: skip
    constraints.unlink()
