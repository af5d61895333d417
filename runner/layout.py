"""Every path and file name in a workspace. Nothing else spells one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from runner.errors import UserError
from runner.names import check_name

FOLDER = ".vivero"
VARIABLE = "VIVERO_WORKSPACE"


@dataclass(frozen=True)
class RunLayout:
    """The files of one run's folder."""

    root: Path

    record = property(lambda self: self.root / "run.json")  # the controller's RunRecord
    config = property(lambda self: self.root / "config.yaml")  # as composed
    metrics = property(lambda self: self.root / "metrics.jsonl")
    events = property(lambda self: self.root / "events.jsonl")
    properties = property(lambda self: self.root / "properties.jsonl")  # tags and properties the script set
    logs = property(lambda self: self.root / "logs")
    log = property(lambda self: self.root / "logs" / "run.log")  # what the script printed
    environment_log = property(lambda self: self.root / "logs" / "environment.log")
    worker_log = property(lambda self: self.root / "logs" / "worker.log")
    outputs = property(lambda self: self.root / "outputs")
    work = property(lambda self: self.root / "work")  # the run's own writable copy of the snapshot: the script's cwd
    inputs = property(lambda self: self.root / "inputs")
    lock_file = property(lambda self: self.root / "environment.lock")
    diff = property(lambda self: self.root / "uncommitted.diff")
    order = property(lambda self: self.root / "order.json")  # what the worker is to do
    process = property(lambda self: self.root / "process.json")  # pids, while the worker lives
    result = property(lambda self: self.root / "result.json")  # the worker's answer
    inspection = property(lambda self: self.root / "inspection.json")
    cancel = property(lambda self: self.root / "cancel.json")  # its presence asks for the end of the run
    requests = property(lambda self: self.root / "requests")  # Run.register_model, answered while the script waits
    children = property(lambda self: self.root / "children")
    controller_lock = property(lambda self: self.root / ".lock")
    worker_lock = property(lambda self: self.root / "worker.lock")


@dataclass(frozen=True)
class Layout:
    """The folders of one workspace.

    Parameters
    ----------
    root : Path
        The workspace folder, absolute.
    """

    root: Path

    runs = property(lambda self: self.root / "runs")
    models = property(lambda self: self.root / "models")
    snapshots = property(lambda self: self.root / "snapshots")
    environments = property(lambda self: self.root / "environments")
    locks = property(lambda self: self.root / "environments" / "locks")  # resolved locks by hash of what was asked
    data = property(lambda self: self.root / "data")
    index = property(lambda self: self.root / "index.sqlite")
    hashes = property(lambda self: self.root / "data" / "hashes.sqlite")  # cache of input hashes

    def create(self) -> None:
        """Make the workspace's folder, hidden from git."""
        self.root.mkdir(parents=True, exist_ok=True)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")

    def run(self, experiment: str, run_id: str) -> RunLayout:
        """Return the layout of one run, its names checked."""
        return RunLayout(self.runs / check_name(experiment, "experiment name") / check_name(run_id, "run id"))

    def model(self, name: str) -> Path:
        """Return a model's folder, its name checked."""
        return Path(self.models / check_name(name, "model name"))

    def snapshot(self, digest: str) -> Path:
        """Return the folder of a stored snapshot."""
        return Path(self.snapshots / check_name(digest, "snapshot hash"))

    def environment(self, key: str) -> Path:
        """Return the folder of a built environment."""
        return Path(self.environments / check_name(key, "environment key"))

    def copied_data(self, digest: str) -> Path:
        """Return the folder of a copied input."""
        return Path(self.data / check_name(digest, "data hash"))

    def relative(self, path: Path) -> str:
        """Return a path as records keep it: relative to the workspace."""
        return Path(os.path.abspath(path)).relative_to(self.root).as_posix()


def default_root(start: Path) -> Path:
    """Return the workspace a folder belongs to: ``.vivero`` of the nearest folder above that has one or is a repository.

    Where neither is found it is ``.vivero`` in the folder itself.
    """
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir() or (folder / ".git").exists():
            return folder / FOLDER
    return start / FOLDER


def find_workspace(given: str | None) -> Layout:
    """Return the workspace to read: as given, else ``VIVERO_WORKSPACE``, else the default one.

    Raises
    ------
    UserError
        If there is none.
    """
    named = given or os.environ.get(VARIABLE)
    root = Path(named).absolute() if named else default_root(Path.cwd())
    if not root.is_dir():
        raise UserError(f"There is no workspace at {root}", "Start a run first, or name one with --workspace PATH")
    return Layout(root)
