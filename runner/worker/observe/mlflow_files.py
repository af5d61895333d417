"""Reads MLflow's stores on disk: folders of small files, or a SQLite database with artifacts in folders.

The layout of the folders (MLflow 2 and 3): ``<store>/<experiment>/<run>/`` with ``meta.yaml``, ``metrics/``,
``params/``, ``tags/`` and ``artifacts/``; logged models of MLflow 3 in ``<experiment>/models/<model>/artifacts``;
registered models in ``<store>/models/<name>/version-<n>``. A metric is a file with the lines ``<milliseconds> <value>
<step>``. MLflow 3 repeats the lines of a logged model with its id appended. The database has the same in tables.
"""

import os
import sqlite3
from urllib.parse import quote, unquote

from ..suffixes import DATABASES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

REGISTERED = "models"  # the folder of registered models
_PARENT, _NAME = "mlflow.parentRunId", "mlflow.runName"
_MAGIC = b"SQLite format 3\0"


class Run:
    """A run in a store.

    Parameters
    ----------
    key : str
        The run's key in the store.
    began : int
        The start time, in milliseconds since 1970.
    name : str
        The run's name, or empty.
    nested : bool
        Whether it is nested in another run.
    artifacts : str
        The folder of its artifacts.
    """

    def __init__(self, key: str, began: int, name: str, nested: bool, artifacts: str) -> None:
        self.key, self.began, self.name, self.nested, self.artifacts = key, began, name, nested, artifacts

    @property
    def id(self) -> str:
        """The run's MLflow id."""
        return os.path.basename(self.key)


class Version:
    """A registered version of a model. Its artifacts are in `folder`."""

    def __init__(
        self, name: str, number: int, folder: str, description: "Optional[str]", tags: "Dict[str, str]",
        aliases: "List[str]",
    ) -> None:  # fmt: skip
        self.name, self.number, self.folder = name, number, folder
        self.description, self.tags, self.aliases = description, tags, aliases


class FileStore:
    """A file store.

    Parameters
    ----------
    root : str
        The store's folder.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self._offsets: "Dict[str, int]" = {}
        self._seen: "Dict[str, Set[Tuple[str, ...]]]" = {}

    def runs(self) -> "Iterator[Run]":
        """Yield the runs."""
        for experiment in _folders(self.root):
            for folder in _folders(experiment) if os.path.basename(experiment) != REGISTERED else ():
                tags = os.path.join(folder, "tags")
                if os.path.isfile(os.path.join(folder, "meta.yaml")) and os.path.isdir(tags):
                    began = str(read_meta(os.path.join(folder, "meta.yaml")).get("start_time", ""))
                    name, parent = _read(os.path.join(tags, _NAME)), _read(os.path.join(tags, _PARENT))
                    artifacts = os.path.join(folder, "artifacts")
                    yield Run(folder, int(began) if began.isdigit() else 0, name, bool(parent), artifacts)

    def params(self, run: Run) -> "Iterator[Tuple[str, str]]":
        """Yield a run's parameters."""
        return _small_files(os.path.join(run.key, "params"))

    def tags(self, run: Run) -> "Iterator[Tuple[str, str]]":
        """Yield a run's tags."""
        return _small_files(os.path.join(run.key, "tags"))

    def new_metrics(self, run: Run) -> "Iterator[Tuple[str, float, Optional[int], int]]":
        """Yield name, value, step and milliseconds of metrics logged since the last call."""
        below = os.path.join(run.key, "metrics")
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
                seen = self._seen.setdefault(path, set())
                if len(words) >= 2 and tuple(words[:3]) not in seen:
                    seen.add(tuple(words[:3]))
                    yield name, float(words[1]), int(words[2]) if len(words) > 2 else None, int(words[0])

    def forget(self, run: Run) -> None:
        """Treat all metrics of a run as new again."""
        for path in [path for path in self._offsets if path.startswith(run.key + os.sep)]:
            del self._offsets[path]
            self._seen.pop(path, None)

    def models(self) -> "Iterator[Tuple[int, str, str, str]]":
        """Yield each logged model's creation time, name, folder and run id."""
        for experiment in _folders(self.root):
            for folder in _folders(os.path.join(experiment, "models")):
                facts = read_meta(os.path.join(folder, "meta.yaml"))
                made = str(facts.get("creation_timestamp", ""))
                name, run_id = os.path.basename(str(facts.get("name") or "model")), str(facts.get("source_run_id", ""))
                yield int(made) if made.isdigit() else 0, name, os.path.join(folder, "artifacts"), run_id

    def versions(self) -> "Iterator[Version]":
        """Yield the registered versions."""
        for model in _folders(os.path.join(self.root, REGISTERED)):
            about = read_meta(os.path.join(model, "meta.yaml"))
            aliases = dict(_small_files(os.path.join(model, "aliases")))
            common = dict(_small_files(os.path.join(model, "tags")))
            for folder in _folders(model):
                facts = read_meta(os.path.join(folder, "meta.yaml"))
                number = str(facts.get("version", ""))
                if number.isdigit():
                    place = str(facts.get("storage_location") or facts.get("source") or "")
                    descriptions = [facts.get("description"), about.get("description")]
                    summary = next((str(text) for text in descriptions if text not in (None, "null")), None)
                    tags = {**common, **dict(_small_files(os.path.join(folder, "tags")))}
                    stage = str(facts.get("current_stage") or "None")
                    tags.update({} if stage == "None" else {"stage": stage})
                    own_aliases = [alias for alias, at in aliases.items() if at.strip() == number]
                    yield Version(
                        str(about.get("name") or os.path.basename(model)), int(number), place_of(place),
                        summary, tags, own_aliases,
                    )  # fmt: skip


class Database:
    """A store in a SQLite database.

    Parameters
    ----------
    path : str
        The database file.
    """

    def __init__(self, path: str) -> None:
        self.root = path
        self._rows = 0

    def runs(self) -> "Iterator[Run]":
        """Yield the runs."""
        for run_id, name, began, artifacts in self._ask("select run_uuid, name, start_time, artifact_uri from runs"):
            run = Run(os.path.join(self.root, run_id), int(began or 0), name or "", False, place_of(artifacts or ""))
            run.nested = _PARENT in dict(self.tags(run))
            yield run

    def params(self, run: Run) -> "Iterator[Tuple[str, str]]":
        """Yield a run's parameters."""
        return iter(self._ask("select key, value from params where run_uuid = ? order by key", run.id))

    def tags(self, run: Run) -> "Iterator[Tuple[str, str]]":
        """Yield a run's tags."""
        return iter(self._ask("select key, value from tags where run_uuid = ? order by key", run.id))

    def new_metrics(self, run: Run) -> "Iterator[Tuple[str, float, Optional[int], int]]":
        """Yield name, value, step and milliseconds of all metrics. A database is read only once, at the end."""
        query = "select key, value, step, timestamp, is_nan from metrics where run_uuid = ? order by timestamp, step"
        for name, value, step, at, is_nan in self._ask(query, run.id):
            yield name, float("nan") if is_nan else float(value), step, int(at)

    def forget(self, run: Run) -> None:
        """Do nothing: every call of `new_metrics` yields all metrics."""

    def models(self) -> "Iterator[Tuple[int, str, str, str]]":
        """Yield each logged model's creation time, name, folder and run id."""
        query = "select creation_timestamp_ms, name, artifact_location, source_run_id from logged_models"
        for made, name, place, run_id in self._ask(query):
            yield int(made), os.path.basename(name or "model"), place_of(place), run_id or ""

    def versions(self) -> "Iterator[Version]":
        """Yield the registered versions."""
        about = dict(self._ask("select name, description from registered_models"))
        query = "select name, version, storage_location, source, description, current_stage from model_versions"
        for name, number, place, source, description, stage in self._ask(query):
            tags = dict(self._ask("select key, value from registered_model_tags where name = ?", name))
            tags_query = "select key, value from model_version_tags where name = ? and version = ?"
            tags.update(self._ask(tags_query, name, number))
            tags.update({} if stage in (None, "None") else {"stage": stage})
            named = "select alias from registered_model_aliases where name = ? and version = ?"
            aliases = [alias for (alias,) in self._ask(named, name, number)]
            yield Version(
                name, int(number), place_of(place or source or ""), description or about.get(name), tags, aliases
            )

    def _ask(self, question: str, *values: "Any") -> "List[Any]":
        """Return the rows, or none if the file is not a database or lacks the table."""
        connection = sqlite3.connect("file:{}?mode=ro".format(quote(self.root)), uri=True)
        try:
            return connection.execute(question, values).fetchall()
        except sqlite3.DatabaseError:
            return []
        finally:
            connection.close()


def stores_in(folders: "List[str]") -> "List[Any]":
    """Return the stores directly in the folders, where a script may have put them with ``mlflow.set_tracking_uri``."""
    stores: "List[Any]" = []
    for folder in folders:
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            path = os.path.join(folder, name)
            if name.endswith(DATABASES) and _is_database(path):
                stores.append(Database(path))
            elif any(_is_experiment(folder) for folder in _folders(path)):
                stores.append(FileStore(path))
    return stores


def _is_experiment(folder: str) -> bool:
    return "artifact_location" in read_meta(os.path.join(folder, "meta.yaml"))


def _is_database(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
    except OSError:
        return False
    return bool(Database(path)._ask("select experiment_id from experiments"))


def place_of(address: str) -> str:
    """Return the path of a ``file:`` address or a plain path, or an empty string for other addresses."""
    if address.startswith("file:"):
        return unquote(address[len("file:") :]).replace("///", "/", 1)
    return "" if ":/" in address else address


def read_meta(path: str) -> "Dict[str, Any]":
    """Return the plain ``key: value`` lines of a ``meta.yaml``."""
    values = {}
    for line in _read(path).splitlines():
        key, colon, value = line.partition(":")
        if colon and not line.startswith((" ", "-")):
            values[key] = value.strip().strip("'\"")
    return values


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
