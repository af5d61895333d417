"""The paths of the run, and the worker's modules that the stand-in uses."""

import importlib.util
import os
import shutil

_WORKER = os.path.normpath(os.path.join(os.path.abspath(__file__), *[os.pardir] * 4))
_spec = importlib.util.spec_from_file_location("_bootstrap", os.path.join(_WORKER, "importlib_bootstrap.py"))
_bootstrap = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_bootstrap)
metrics, _job_order, layout = (_bootstrap.load(_WORKER, name) for name in ("observe.metrics", "job_order", "layout"))


def run_folder():
    """Return the run's folder, or None outside a run."""
    return os.environ.get("VIVERO_RUN_DIR")


def workspace_folder():
    """Return the workspace's folder, or None outside a run."""
    folder = run_folder()
    return os.path.abspath(os.path.join(folder, "..", "..", "..")) if folder else None


def tags():
    """Return the tags given to the run; empty outside a run."""
    folder = run_folder()
    return _job_order.read_public(folder).tags if folder else {}


def inputs():
    """Return the paths of the data inputs by name; empty outside a run."""
    folder = run_folder()
    return _job_order.read_public(folder).inputs if folder else {}


def assets():
    """Return the data assets that inputs are, as ``NAME:VERSION``, by the input's name; empty outside a run."""
    folder = run_folder()
    return (_job_order.read_public(folder).assets or {}) if folder else {}


def copy(source, target):
    """Copy a file, unless source and target are the same."""
    if os.path.abspath(source) != os.path.abspath(target):
        shutil.copyfile(source, target)


def outputs_folder():
    """Return the script's outputs folder, whatever the current directory is."""
    folder = run_folder()
    return os.path.join(folder, layout.WORK_OUTPUTS) if folder else os.path.abspath(layout.OUTPUTS)


def files_beside_outputs(path):
    """Yield relative name and path of the files in a folder, except those in outputs, which are kept anyway."""
    kept = os.path.realpath(outputs_folder())
    for parent, folders, files in os.walk(path):
        folders[:] = [folder for folder in folders if os.path.realpath(os.path.join(parent, folder)) != kept]
        for file in files:
            full = os.path.join(parent, file)
            yield os.path.relpath(full, path), full


def output_path(name, folder=None):
    """Return the target of an uploaded file. A leading ``outputs/`` is dropped. A path outside the folder is an error.

    The folder is the run's outputs by default.
    """
    parts = [part for part in str(name).replace("\\", "/").split("/") if part not in ("", ".")]
    if parts[:1] == ["outputs"]:
        parts = parts[1:]
    if not parts or ".." in parts or "\0" in str(name):
        raise ValueError("{!r} is not a valid file name inside outputs".format(name))
    path = os.path.join(folder or outputs_folder(), *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path
