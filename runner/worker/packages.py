"""What a script installs with pip while it runs: beside its run, because other runs use the same environment."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

TARGET = "PIP_TARGET"  # pip's own variable for `pip install --target`
_NAME = "packages"
_INFO = ".dist-info"


def folder(run_dir: str) -> str:
    """Return the folder of a run that pip installs into."""
    return os.path.join(run_dir, _NAME)


def add(variables: "Dict[str, str]", order: "Dict[str, Any]", run_dir: str) -> None:
    """Have pip install beside the run, and Python look there, unless the environment is the user's own."""
    if not order.get("shared_environment"):
        return
    variables.setdefault(TARGET, folder(run_dir))
    first, *others = variables["PYTHONPATH"].split(os.pathsep)
    variables["PYTHONPATH"] = os.pathsep.join([first, folder(run_dir), *others])


def without(variables: "Dict[str, str]") -> "Dict[str, str]":
    """Return variables without what `add` has added."""
    own = folder(variables.get("VIVERO_RUN_DIR", ""))
    found = {name: value for name, value in variables.items() if (name, value) != (TARGET, own)}
    if "PYTHONPATH" in found:
        parts = found["PYTHONPATH"].split(os.pathsep)
        found["PYTHONPATH"] = os.pathsep.join(part for part in parts if part != own)
    return found


def place_in(path: "List[str]", variables: "Dict[str, str]") -> "List[str]":
    """Return ``sys.path`` as a new Python with these variables has it, given that of one without them."""
    names = variables.get("PYTHONPATH", "").split(os.pathsep)
    own = folder(variables.get("VIVERO_RUN_DIR", ""))
    if own not in names or names[0] not in path:
        return list(path)
    at = path.index(names[0]) + 1
    return [*path[:at], own, *path[at:]]


def notes(run_dir: str) -> "List[str]":
    """Return a line that names what was installed, or none."""
    try:
        names = sorted(name[: -len(_INFO)] for name in os.listdir(folder(run_dir)) if name.endswith(_INFO))
    except OSError:
        return []
    if not names:
        return []
    pins = ", ".join(name.replace("-", "==", 1) for name in names)
    return ["the script installed {} for this run alone; environment.packages has it for every run".format(pins)]
