"""Keeps packages that a script installs with pip in the run's folder, because other runs share the environment."""

import os

from ..layout import BEFORE_PIP, PACKAGES
from . import pip_install

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List

    from ..job_order import JobOrder


def folder(run_dir: str) -> str:
    """Return the folder of a run that pip installs into."""
    return os.path.join(run_dir, PACKAGES)


def add(variables: "Dict[str, str]", order: "JobOrder", run_dir: str) -> None:
    """Make pip install into the run's folder and Python search it, unless the environment is the user's own."""
    if not order.shared_environment:
        return
    packages, path, program = folder(run_dir), variables.get("PATH", os.defpath), str(order.argv[0])
    if not os.path.isabs(program):
        import shutil

        program = shutil.which(program, path=path) or program
    variables[pip_install.PACKAGES] = packages
    # A virtual environment that the script makes has another prefix, and is the script's own.
    variables[pip_install.PREFIX] = os.path.dirname(os.path.realpath(os.path.dirname(program)))
    variables["PATH"] = os.pathsep.join([os.path.join(packages, "bin"), path])
    first, *others = variables["PYTHONPATH"].split(os.pathsep)
    others = [entry for entry in others if entry != BEFORE_PIP]
    variables["PYTHONPATH"] = os.pathsep.join([first, BEFORE_PIP, packages, *others])


def without(variables: "Dict[str, str]") -> "Dict[str, str]":
    """Return variables without those that `add` added."""
    packages = folder(variables.get("VIVERO_RUN_DIR", ""))
    remaining = {name: value for name, value in variables.items() if (name, value) != (pip_install.PACKAGES, packages)}
    for name, added in (("PYTHONPATH", packages), ("PATH", os.path.join(packages, "bin"))):
        if name in remaining:
            remaining[name] = os.pathsep.join(part for part in remaining[name].split(os.pathsep) if part != added)
    return remaining


def place_in(path: "List[str]", variables: "Dict[str, str]") -> "List[str]":
    """Return ``sys.path`` as a new Python with these variables has it, given that of one without them."""
    packages = folder(variables.get("VIVERO_RUN_DIR", ""))
    if packages not in variables.get("PYTHONPATH", "").split(os.pathsep) or BEFORE_PIP not in path:
        return list(path)
    at = path.index(BEFORE_PIP) + 1
    return [*path[:at], packages, *path[at:]]


def notes(order: "JobOrder", run_dir: str) -> "List[str]":
    """Return a note on packages that were installed and still exist, if any."""
    if not order.shared_environment:
        return []
    packages = pip_install.installed([folder(run_dir)])
    if not packages:
        return []
    pins = ", ".join("{}=={}".format(name, version) for name, version in sorted(packages.items()))
    return [
        "the script installed {} for this run only; add it to environment.packages to have it in every run".format(pins)
    ]
