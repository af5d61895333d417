"""Where the run's files are, and the metrics module that lies beside the stand-in."""

import importlib.util
import json
import os
import shutil

_HERE = os.path.dirname(os.path.abspath(__file__))


def _load_metrics():
    path = os.path.join(_HERE, "..", "..", "..", "metrics.py")
    spec = importlib.util.spec_from_file_location("_vivero_metrics", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


metrics = _load_metrics()


def run_folder():
    """Return the run's folder, or None outside a run."""
    return os.environ.get("VIVERO_RUN_DIR")


def workspace_folder():
    """Return the workspace's folder, or None outside a run."""
    folder = run_folder()
    return os.path.abspath(os.path.join(folder, "..", "..", "..")) if folder else None


def order():
    """Return what the run was asked for, nothing outside a run."""
    folder = run_folder()
    if folder is None:
        return {}
    with open(os.path.join(folder, "order.json"), encoding="utf-8") as file:
        return json.load(file)


def inputs():
    """Return the paths of the data inputs by their names."""
    return order().get("inputs") or {}


def copy(source, target):
    """Copy a file, unless it is the target itself."""
    if os.path.abspath(source) != os.path.abspath(target):
        shutil.copyfile(source, target)


def outputs_folder():
    """Return the script's outputs folder, whatever its present directory is."""
    folder = run_folder()
    return os.path.join(folder, "work", "outputs") if folder else os.path.abspath("outputs")


def output_path(name, folder=None):
    """Return where an uploaded file goes; a leading ``outputs/`` is dropped, and leaving the folder is refused.

    The folder is the run's outputs, unless it is given.
    """
    parts = [part for part in str(name).replace("\\", "/").split("/") if part not in ("", ".")]
    if parts[:1] == ["outputs"]:
        parts = parts[1:]
    if not parts or ".." in parts or "\0" in str(name):
        raise ValueError("{!r} is not a valid file name inside outputs".format(name))
    path = os.path.join(folder or outputs_folder(), *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path
