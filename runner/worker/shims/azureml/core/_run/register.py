"""Requests the registration of a model from the worker, and waits for the version's number."""

import fcntl
import json
import os
import time
import uuid

from azureml.core._place import layout
from azureml.core.model import Model

_TICK = 0.02


class ModelRegistrationError(RuntimeError):
    """The model was not registered. The message says why."""


def register(folder, name, path, tags, properties, framework, framework_version, description, resources):
    """Write a request to the run's folder and return the registered model."""
    full = os.path.abspath(path)
    if not os.path.exists(full):  # the script may have changed its current directory
        full = os.path.join(folder, layout.WORK, path)
    if not os.path.exists(full):
        raise FileNotFoundError("register_model: {} does not exist".format(path))
    request = {
        "kind": "register_model",
        "name": name,
        "path": os.path.relpath(os.path.realpath(full), os.path.realpath(os.path.join(folder, layout.WORK))),
        "tags": _texts(tags),
        "properties": _texts(properties),
        "framework": None if framework is None else str(framework),
        "framework_version": framework_version,
        "description": description,
        "resources": None if resources is None else {"cpu": resources.cpu, "memory_gb": resources.memory_in_gb},
    }
    answer = _ask(folder, request)
    if not answer["ok"]:
        raise ModelRegistrationError(answer["error"])
    return Model(None, name=name, version=answer["version"], _facts=dict(request, run_id=os.environ["VIVERO_RUN_ID"]))


def _texts(values):
    if isinstance(values, list):  # azureml also accepts a list of names
        return {str(name): "" for name in values}
    return {str(name): str(value) for name, value in (values or {}).items()}


def _ask(folder, request):
    below = os.path.join(folder, layout.REQUESTS)
    os.makedirs(below, exist_ok=True)
    stem = os.path.join(below, "{:020d}-{}".format(int(time.time() * 1e6), uuid.uuid4().hex[:8]))
    with open(stem + ".tmp", "w", encoding="utf-8") as file:
        json.dump(request, file)
    os.rename(stem + ".tmp", stem + layout.REQUEST)
    while True:
        alive = _worker_is_alive(folder)
        try:
            with open(stem + layout.ANSWER, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            if not alive:
                raise ModelRegistrationError("the run's worker has ended, so the model cannot be registered")
        time.sleep(_TICK)


def _worker_is_alive(folder):
    try:
        descriptor = os.open(os.path.join(folder, layout.WORKER_LOCK), os.O_RDONLY)
    except FileNotFoundError:
        return False
    except PermissionError:  # in a container the script may be another user, and ends with the worker
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
