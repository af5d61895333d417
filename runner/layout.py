"""Every path and file name in a workspace. Nothing else spells one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from runner.access import ownership, permissions
from runner.errors import UserError
from runner.io.names import check_name, is_name
from runner.worker import layout as names

WORKER = Path(names.WORKER).resolve()  # what runs in the run's environment
BOOTSTRAP = Path(names.BOOTSTRAP).resolve()  # starts the worker's programs
CALLBACK = WORKER.parent / "callback.py"  # the program that finishes a run without a controller


class _Below:
    """A path below an object's `root`, made when it is first asked for and then found by its name.

    Asked of the class, it is relative to the root.
    """

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: _Folder | None, _cls: type | None = None) -> Path:
        if owner is None:
            return Path(*self.parts)
        owner.__dict__[self._name] = path = Path(owner.root, *self.parts)
        return path


@dataclass(frozen=True)
class _Folder:
    root: Path


class RunLayout(_Folder):
    """The files of one run's folder. What the worker uses, too, is named and explained in ``worker/layout.py``."""

    record = _Below("run.json")  # the controller's RunRecord
    config = _Below("config.yaml")  # as composed
    metrics = _Below(names.METRICS)
    events = _Below("events.jsonl")
    properties = _Below(names.PROPERTIES)
    edits = _Below("edits.jsonl")  # what users changed of it before it ended
    resources = _Below(names.RESOURCES)
    logs = _Below(names.LOGS)
    log = _Below(names.RUN_LOG)
    environment_log = _Below(names.LOGS, "environment.log")
    worker_log = _Below(names.WORKER_LOG)
    outputs = _Below(names.OUTPUTS)
    work = _Below(names.WORK)
    work_outputs = _Below(names.WORK_OUTPUTS)
    work_logs = _Below(names.WORK_LOGS)
    inputs = _Below(names.INPUTS)
    lock_file = _Below("environment.lock")
    diff = _Below("uncommitted.diff")
    order = _Below(names.ORDER)
    secrets = _Below(names.SECRETS)
    process = _Below(names.PROCESS)
    result = _Below(names.RESULT)
    inspection = _Below(names.INSPECTION)
    cancel = _Below(names.CANCEL)
    requests = _Below(names.REQUESTS)
    card = _Below("outputs/model-card.md")  # what the script wrote about its model
    publishing = _Below("publishing.json")  # the data assets that its outputs become, from before they do
    children = _Below(names.CHILDREN)
    child = _Below(names.CHILD)
    mlflow = _Below(names.MLFLOW)
    controller_lock = _Below(names.CONTROLLER_LOCK)
    edits_lock = _Below(".edits.lock")  # held to add a line to the edits, and to write the final record
    worker_lock = _Below(names.WORKER_LOCK)
    job = _Below("job.json")  # by which the compute finds the run's job; nothing else reads it
    node = _Below("node.json")  # the same for clusters, before version 0.2
    steps = _Below("steps.jsonl")  # of a pipeline: the state of each step, as it changes
    pieces = _Below("pieces")  # of a step that runs over pieces of an input: the pieces, while it runs
    attempts = _Below("attempts.jsonl")  # attempts that ended because a node was lost
    attendant_lock = _Below(names.ATTENDANT_LOCK)

    def attempt(self, number: int) -> Path:
        """Return the folder with the results of an attempt that was given up."""
        return Path(self.root, "attempts", str(number))


class SweepLayout(_Folder):
    """The files of one sweep's folder."""

    record = _Below("sweep.json")
    journal = _Below("trials.jsonl")  # each trial's begin and end, as it happens
    config = _Below("config.yaml")  # as composed, what all trials share
    page = _Below("sweep.html")
    cancel = _Below("cancel.json")  # its presence asks for the end of the sweep
    lock = _Below(".lock")  # held by the controller


class ModelLayout(_Folder):
    """The files of one version's folder, beside the model itself."""

    record = _Below("model.json")
    diagram = _Below("diagram.html")  # scikit-learn's drawing of it
    card = _Below("model-card.md")  # what its run wrote about it


class AssetLayout(_Folder):
    """The files of one version of a data asset."""

    record = _Below("data.json")
    files = _Below("files.jsonl")  # its files with their hashes


class EndpointLayout(_Folder):
    """The files of one endpoint's folder."""

    record = _Below("endpoint.json")
    keys = _Below("keys.json")  # hashes of the keys
    process = _Below("process.json")  # pid and port, while the server lives
    lock = _Below("server.lock")  # held by the server
    problem = _Below("problem.txt")  # why the last start failed
    unloaded = _Below("unloaded.json")  # names of models that a client has unloaded
    states = _Below("states")  # what each server process serves
    metrics = _Below("metrics")  # counters shared by several server processes
    logs = _Below("logs")
    log = _Below("logs", "server.log")
    earlier_log = _Below("logs", "server.log.1")  # the part before the last rotation
    access_log = _Below("logs", "access.jsonl")
    payloads = _Below("logs", "payloads.jsonl")
    deploying = _Below(".deploy.lock")
    servers = _Below("servers")  # by generation, the folder that a container sees as its endpoint's
    holder = _Below("listening", "holder.sock")  # where a container gets the socket to listen on


class NodeLayout(_Folder):
    """The folders of a node."""

    runs = _Below("runs")

    def run(self, name: str) -> RunLayout:
        """Return the layout of an attempt of a run."""
        return RunLayout(self.runs / name)


class Layout(_Folder):
    """The folders of one workspace.

    Parameters
    ----------
    root : Path
        The workspace folder, absolute.
    """

    runs = _Below("runs")
    edited = _Below("runs", ".edited.jsonl")  # names the ended runs that were changed, for readers that cache rows
    models = _Below("models")
    snapshots = _Below("snapshots")
    environments = _Below("environments")
    locks = _Below("environments", "locks")  # resolved locks by the hash of the request
    learned = _Below("environments", "warm")  # the modules that similar scripts import
    parameters = _Below("environments", "parameters.json")  # names of the parameters of estimators
    wheels = _Below("wheels")  # wheels built on this machine, by hash
    data = _Below("data")  # assets, and until version 0.2 copies of inputs by their hash
    blobs = _Below("blobs")  # content of assets, and copies of inputs, by its hash
    blobs_lock = _Below("blobs", ".lock")  # held while content gets a name or loses its last one
    endpoints = _Below("endpoints")
    servers = _Below("servers")  # copies of the server's source by hash, for environments that vivero is installed in
    sweeps = _Below("sweeps")
    step_results = _Below("steps")  # which run has computed a pipeline's step, by the step's key
    step_salt = _Below("steps", "salt")  # goes into what is kept of secrets to notice that they changed
    index = _Below("index.sqlite")
    hashes = _Below("data", "hashes.sqlite")  # cache of input hashes

    def create(self, shared: str | None = None) -> str | None:
        """Make the workspace's folder, hidden from git and closed to other users, before something is run in it.

        Parameters
        ----------
        shared : str or None
            The group that is to share it.

        Returns
        -------
        str or None
            What to say of who gets into it from now on, if that was otherwise.

        Raises
        ------
        UserError
            If it cannot be one, or others could have written it.
        """
        try:
            self.root.mkdir(mode=permissions.OURS, parents=True, exist_ok=True)
        except OSError as error:
            why = "it is not a folder" if isinstance(error, FileExistsError) else str(error.strerror)
            raise UserError(
                f"The workspace {self.root} cannot be created: {why}", "Choose another folder: workspace.root=FOLDER"
            ) from None
        ownership.check_workspace(self.root)
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        return permissions.close(self.root) if shared is None else permissions.share(self.root, shared)

    def run(self, experiment: str, run_id: str) -> RunLayout:
        """Return the layout of one run, its names checked."""
        return RunLayout(self.runs / check_name(experiment, "experiment name") / check_name(run_id, "run id"))

    def model(self, name: str) -> Path:
        """Return a model's folder, its name checked."""
        return Path(self.models / check_name(name, "model name"))

    def sweep(self, sweep_id: str) -> SweepLayout:
        """Return the layout of one sweep, its id checked."""
        return SweepLayout(self.sweeps / check_name(sweep_id, "sweep id"))

    def endpoint(self, name: str) -> EndpointLayout:
        """Return the layout of an endpoint, its name checked."""
        return EndpointLayout(self.endpoints / check_name(name, "endpoint name"))

    def snapshot(self, digest: str) -> Path:
        """Return the folder of a stored snapshot."""
        return Path(self.snapshots / check_name(digest, "snapshot hash"))

    def step_result(self, key: str) -> Path:
        """Return the file that names the run of a step."""
        return Path(self.step_results / f"{check_name(key, 'step key')}.json")

    def step_lock(self, key: str) -> Path:
        """Return the lock that is held while a step is computed."""
        return Path(self.step_results / f"{check_name(key, 'step key')}.lock")

    def environment(self, key: str) -> Path:
        """Return the folder of a built environment."""
        return Path(self.environments / check_name(key, "environment key"))

    def environment_lock(self, key: str) -> Path:
        """Return the lock that is held while an environment is built or removed."""
        return Path(self.environments / f"{check_name(key, 'environment key')}.lock")

    def asset(self, name: str) -> Path:
        """Return a data asset's folder, its name checked.

        Raises
        ------
        UserError
            If it cannot be a name, or is that of something else in the folder.
        """
        check_name(name, "data asset name")
        if not is_asset_name(name):
            raise UserError(f"'{name}' cannot be a data asset name", "It is the name of a hash or of a cache")
        return Path(self.data / name)

    def blob(self, digest: str) -> Path:
        """Return the folder of content by its hash."""
        return Path(self.blobs / check_name(digest, "data hash"))

    def relative(self, path: Path) -> str:
        """Return a path as records keep it: relative to the workspace."""
        return Path(os.path.abspath(path)).relative_to(self.root).as_posix()


def is_asset_name(name: str) -> bool:
    """Return whether a folder below ``data`` is an asset's. Until version 0.2 there were copies of inputs, too."""
    is_hash = len(name) == 64 and not name.strip("0123456789abcdef")
    return is_name(name) and not is_hash and not name.startswith(Layout.hashes.name)


def workspace_of(run_folder: Path) -> Layout | None:
    """Return the workspace that a run's folder is in, if it is in one."""
    layout = Layout(run_folder.parents[2]) if len(run_folder.parents) > 2 else None
    return layout if layout is not None and layout.runs == run_folder.parents[1] else None
