"""Reads what MLflow left in the run's file store, and records it as the run's own.

The store's layout (MLflow 2 and 3): ``mlflow/<experiment>/<run>/`` with ``meta.yaml``, ``metrics/``, ``params/``,
``tags/`` and ``artifacts/``; logged models of MLflow 3 are in ``mlflow/<experiment>/models/<model>/artifacts``.
A metric is a file with the lines ``<milliseconds> <value> <step>``, and the model's id behind them in MLflow 3.
"""

import datetime
import os
import shutil

import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

_PARENT = "mlflow.parentRunId"
_OWN_TAGS = "mlflow."


class Reader:
    """Follows the store of one run; `poll` while the script runs, `finish` once it has ended.

    Parameters
    ----------
    run_dir : str
        The run's folder.
    """

    def __init__(self, run_dir: str) -> None:
        self._run_dir, self._root = run_dir, os.path.join(run_dir, "mlflow")
        self._offsets = {}  # type: Dict[str, int]
        self._targets = {}  # type: Dict[str, str]

    def poll(self) -> None:
        """Record the metrics that are new."""
        for folder in self._runs():
            self._metrics(folder)

    def finish(self) -> None:
        """Record everything there is, artifacts and models too."""
        outputs = os.path.join(self._run_dir, "work", "outputs")
        for folder in self._runs():
            self._metrics(folder)
            target = self._target(folder)
            for name, value in _small_files(os.path.join(folder, "params")):
                metrics.set_property(target, "property", "mlflow.param." + name, value)
            for name, value in _small_files(os.path.join(folder, "tags")):
                if not name.startswith(_OWN_TAGS):
                    metrics.set_property(target, "tag", name, value)
            _copy_tree(os.path.join(folder, "artifacts"), outputs)
        for name, folder in self._models():
            _copy_tree(folder, _free(os.path.join(outputs, name)))

    def _runs(self) -> "Iterator[str]":
        for experiment in _folders(self._root):
            for folder in _folders(experiment):
                is_run = os.path.isfile(os.path.join(folder, "meta.yaml"))
                if is_run and os.path.isdir(os.path.join(folder, "tags")):
                    yield folder

    def _models(self) -> "Iterator[Tuple[str, str]]":
        found = []
        for experiment in _folders(self._root):
            for folder in _folders(os.path.join(experiment, "models")):
                facts = read_meta(os.path.join(folder, "meta.yaml"))
                name = os.path.basename(str(facts.get("name") or "model"))
                artifacts = os.path.join(folder, "artifacts")
                if os.path.isdir(artifacts):
                    found.append((str(facts.get("creation_timestamp", "")), name, artifacts))
        for _, name, artifacts in sorted(found):
            yield name, artifacts

    def _target(self, folder: str) -> str:
        """Return where a run's facts go: a nested run's to a child, any other's to the run itself."""
        if folder not in self._targets:
            parent = _read(os.path.join(folder, "tags", _PARENT))
            self._targets[folder] = self._child(folder) if parent else self._run_dir
        return self._targets[folder]

    def _child(self, folder: str) -> str:
        import json

        below = os.path.join(self._run_dir, "children")
        os.makedirs(below, exist_ok=True)
        number = len(os.listdir(below)) + 1
        run_id = "{}_{}".format(os.path.basename(self._run_dir), number)
        child = os.path.join(below, run_id)
        os.mkdir(child)
        name = _read(os.path.join(folder, "tags", "mlflow.runName")) or run_id
        with open(os.path.join(child, "child.json"), "w", encoding="utf-8") as file:
            json.dump({"id": run_id, "name": name, "number": number, "status": "completed"}, file)
        return child

    def _metrics(self, folder: str) -> None:
        below = os.path.join(folder, "metrics")
        for path in sorted(_files(below)):
            name = os.path.relpath(path, below).replace(os.sep, "/")
            start = self._offsets.get(path, 0)
            with open(path, "rb") as file:
                file.seek(start)
                block = file.read()
            whole = block.rfind(b"\n") + 1
            self._offsets[path] = start + whole
            for line in block[:whole].decode("utf-8", "replace").splitlines():
                words = line.split()
                if len(words) >= 2:
                    step = int(words[2]) if len(words) > 2 else None
                    metrics.append(self._target(folder), name, float(words[1]), step=step, time=_moment(int(words[0])))


def _moment(milliseconds: int) -> str:
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_meta(path: str) -> "Dict[str, Any]":
    """Return the plain ``key: value`` lines of a ``meta.yaml``."""
    found = {}
    for line in _read(path).splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "-")):
            found[key] = value.strip().strip("'\"")
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _folders(path: str) -> "List[str]":
    if not os.path.isdir(path):
        return []
    return sorted(entry.path for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False))


def _files(path: str) -> "Iterator[str]":
    for parent, _, names in os.walk(path):
        for name in names:
            yield os.path.join(parent, name)


def _small_files(path: str) -> "Iterator[Tuple[str, str]]":
    for file in sorted(_files(path)):
        yield os.path.relpath(file, path).replace(os.sep, "/"), _read(file)


def _copy_tree(source: str, target: str) -> None:
    """Copy files into a folder, never over one that is there; links are not followed."""
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
