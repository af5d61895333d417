"""Reads the workspace's registered models. On a node the run does not see them."""

import json
import os
import shutil

from azureml.core._place import workspace_folder


class ModelNotFoundException(Exception):
    """The model does not exist."""


def every(name=None, latest=False):
    """Return the records of versions, with the newest of each model first."""
    models = []
    for model_name in [name] if name else _listed(_root()):
        numbers = sorted(
            (int(word) for word in _listed(os.path.join(_root(), model_name)) if word.isdigit()), reverse=True
        )
        models += [_read(model_name, number) for number in (numbers[:1] if latest else numbers)]
    return [model for model in models if model is not None]


def find(name, version=None):
    """Return the record of a version, by default the newest."""
    versions = every(name)
    for model in versions:
        if version is None or version in (model["version"], str(model["version"])):
            return model
    known = (
        "it has version {}".format(", ".join(str(model["version"]) for model in versions))
        if versions
        else "there is none"
    )
    raise ModelNotFoundException(
        "the registry has no model {}{}: {}".format(name, "" if version is None else ":{}".format(version), known)
    )


def copy(facts, below):
    """Copy a version's file or folder into a folder named by model and version, and return its path."""
    return copy_into(facts, os.path.join(below, facts["name"], str(facts["version"])), True)


def copy_into(facts, folder, exist_ok):
    """Copy a version's file or folder into a folder, and return its path."""
    name = facts["artefact"]
    if name in ("", ".", "..") or os.path.basename(name) != name:  # a manipulated record
        raise ValueError("the record of {}:{} names no file of it: {!r}".format(facts["name"], facts["version"], name))
    source = os.path.join(_root(), facts["name"], str(facts["version"]), name)
    target = os.path.join(folder, name)
    if os.path.exists(target):
        if not exist_ok:
            raise FileExistsError("{} already exists; pass exist_ok=True to replace it".format(target))
        shutil.rmtree(target) if os.path.isdir(target) else os.remove(target)
    os.makedirs(folder, exist_ok=True)
    shutil.copytree(source, target) if os.path.isdir(source) else shutil.copyfile(source, target)
    return target


def _root():
    folder = workspace_folder()
    root = os.path.join(folder, "models") if folder else ""
    if not folder or not os.path.isdir(os.path.join(folder, "runs")):
        raise RuntimeError(
            "registered models are not available here; add one as a data input: data.inputs.NAME.path=FILE_OR_FOLDER"
        )
    return root


def _listed(folder):
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _read(name, number):
    try:
        with open(os.path.join(_root(), name, str(number), "model.json"), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:  # the version is being created or removed
        return None
