"""Imports what MLflow recorded while a script ran.

If the script starts a single MLflow run, it stands for vivero's run. Nested runs, and all runs if there are several,
become children. Each child has its own parameters, metrics and tags, and a folder of outputs with its name. The models
that the script registered are listed in ``mlflow/registered.json`` for the controller.
"""

import datetime
import json
import os
import re
import shutil

from .. import files, layout
from . import metrics
from .mlflow_files import FileStore, stores_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

REGISTERED = "registered.json"
_OWN_TAGS = "mlflow."
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class Reader:
    """Follows the stores of one run. Call `poll` while the script runs and `finish` once it has ended.

    Parameters
    ----------
    run_dir : str
        The run's folder.
    began : int
        Milliseconds since 1970. Older entries of stores in the script's working directory are not part of the run.
    """

    def __init__(self, run_dir: str, began: int = 0) -> None:
        self._run_dir, self._began = run_dir, began
        self._root, self._work = os.path.join(run_dir, layout.MLFLOW), os.path.join(run_dir, layout.WORK)
        self._outputs_folder = os.path.join(run_dir, layout.WORK_OUTPUTS)
        self._stores: "List[Any]" = [FileStore(self._root)]
        self._targets: "Dict[str, str]" = {}
        self._names: "Dict[str, str]" = {}
        self._first: "Any" = None  # the store and MLflow run that stand for this run, while it is the only one
        self._several = False

    @property
    def has_runs(self) -> bool:
        """Whether MLflow has recorded anything in this run."""
        return bool(self._targets)

    def poll(self) -> None:
        """Record new metrics."""
        for store, run in self._runs():
            self._metrics(store, run)

    def finish(self) -> None:
        """Record everything, including artifacts and models."""
        self._stores += stores_in([self._work, self._outputs_folder])
        places: "Dict[str, str]" = {}  # by the MLflow path of logged files, their path in the run
        by_id: "Dict[str, str]" = {}
        for store, run in self._runs():
            self._metrics(store, run)
        for store, run in self._runs():
            target = self._target(store, run)
            for name, value in store.params(run):
                metrics.set_property(target, "property", "mlflow.param." + name, value)
            for name, value in store.tags(run):
                if not name.startswith(_OWN_TAGS):
                    metrics.set_property(target, "tag", name, value)
            by_id[run.id] = places[run.artifacts] = place = self._outputs(run)
            _copy_tree(run.artifacts, place)
            if target != self._run_dir and os.path.isdir(place):
                _change_child(target, outputs=os.path.basename(place))
        for name, folder, run_id in self._models(by_id):
            places[folder] = _free(os.path.join(by_id.get(run_id) or self._outputs_folder, name))
            _copy_tree(folder, places[folder])
        self._list_registered(places)

    def _list_registered(self, places: "Dict[str, str]") -> None:
        """List the models that the script registered, with each model's path in the run's outputs."""
        listed = []
        for store in self._stores:
            for version in sorted(store.versions(), key=lambda version: (version.name, version.number)):
                above = next((place for place in places if (version.folder + os.sep).startswith(place + os.sep)), None)
                path = None
                if above is not None:
                    target = os.path.join(places[above], os.path.relpath(version.folder, above))
                    path = os.path.relpath(target, self._outputs_folder)
                if path is not None or store.root == self._root:  # otherwise it is older than the run
                    entry = {
                        "name": version.name,
                        "version": version.number,
                        "path": path,
                        "description": version.description,
                    }
                    listed.append({**entry, "tags": version.tags, "aliases": version.aliases})
        if listed:
            os.makedirs(self._root, exist_ok=True)
            with open(os.path.join(self._root, REGISTERED), "w", encoding="utf-8") as file:
                json.dump(listed, file, indent=1)

    def _outputs(self, run: "Any") -> str:
        """Return the folder for a run's artifacts. Each child has its own."""
        outputs = self._outputs_folder
        if self._first and run.key == self._first[1].key:
            return outputs
        if run.key not in self._names:
            name = _UNSAFE.sub("-", run.name).strip(".-") or run.id
            taken = [os.path.join(outputs, used_name) for used_name in self._names.values()]
            path = _free(os.path.join(outputs, name))
            while path in taken:
                path += "-1"
            self._names[run.key] = os.path.basename(path)
        return os.path.join(outputs, self._names[run.key])

    def _runs(self) -> "List[Tuple[Any, Any]]":
        """Return pairs of store and run, by start time."""
        entries = []
        for store in self._stores:
            since = 0 if store.root == self._root else self._began
            entries += [(run.began, run.key, store, run) for run in store.runs() if run.began >= since]
        return [(store, run) for _, _, store, run in sorted(entries, key=lambda entry: entry[:2])]

    def _models(self, by_id: "Dict[str, str]") -> "List[Tuple[str, str, str]]":
        """Return name, folder and run of each logged model of these runs, by creation time."""
        models = []
        for store in self._stores:
            for made, name, folder, run_id in store.models():
                ours = store.root == self._root or run_id in by_id or made >= self._began
                if ours and os.path.isdir(folder):
                    models.append((made, name, folder, run_id))
        return [(name, folder, run_id) for _, name, folder, run_id in sorted(models)]

    def _target(self, store: "Any", run: "Any") -> str:
        """Return the target of an MLflow run: the run itself if it is the only one, otherwise a child."""
        if run.key not in self._targets:
            if run.nested or self._several:
                self._targets[run.key] = self._child(run)
            elif self._first is None:
                self._first = (store, run)
                self._targets[run.key] = self._run_dir
            else:
                self._several = True
                self._move_first()
                self._targets[run.key] = self._child(run)
        return self._targets[run.key]

    def _move_first(self) -> None:
        """Move the first MLflow run to its own child run, because with several it no longer represents this run."""
        store, run = self._first
        self._first = None
        target = self._targets[run.key] = self._child(run)
        moved = set()
        store.forget(run)
        for name, value, step, at in store.new_metrics(run):
            metrics.append(target, name, value, step=step, time=_moment(at))
            moved.add(name)
        for name in sorted(moved):
            metrics.append(self._run_dir, name, None, kind="moved")

    def _child(self, run: "Any") -> str:
        below = os.path.join(self._run_dir, layout.CHILDREN)
        os.makedirs(below, exist_ok=True)
        number = len(os.listdir(below)) + 1
        run_id = "{}_{}".format(os.path.basename(self._run_dir), number)
        child = os.path.join(below, run_id)
        os.mkdir(child)
        _change_child(child, id=run_id, name=run.name or run_id, number=number, status="completed")
        return child

    def _metrics(self, store: "Any", run: "Any") -> None:
        for name, value, step, at in store.new_metrics(run):
            metrics.append(self._target(store, run), name, value, step=step, time=_moment(at))


def _change_child(folder: str, **facts: "Any") -> None:
    """Update a child's record with the given facts."""
    path = os.path.join(folder, layout.CHILD)
    known = files.read_json(path) if os.path.exists(path) else {}
    files.write_json(path, dict(known, **facts), durable=False)


def _moment(milliseconds: int) -> str:
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _files(path: str) -> "List[str]":
    return [os.path.join(parent, name) for parent, _, names in os.walk(path) for name in names]


def _copy_tree(source: str, target: str) -> None:
    """Copy files into a folder without overwriting any or following links."""
    for path in _files(source):
        if not os.path.islink(path):
            place = os.path.join(target, os.path.relpath(path, source))
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copyfile(path, _free(place))


def _free(path: str) -> str:
    stem, suffix = os.path.splitext(path)
    number = 1
    while os.path.lexists(path):
        path = "{}-{}{}".format(stem, number, suffix)
        number += 1
    return path
