"""How runs on this machine use prefork interpreters, in environments of any kind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from runner.io.files import make_folder
from runner.layout import Layout, RunLayout, workspace_of
from runner.ports.environment import EnvironmentHandle
from runner.worker import job_order
from runner.worker.job_order import JobOrder
from runner.worker.prefork import launch
from runner.worker.prefork.client import Worker
from runner.worker.prefork.launch import Launch

AVAILABLE = sys.platform == "linux" and hasattr(os, "pidfd_open")


def launch_of(run: RunLayout, handle: EnvironmentHandle) -> Launch | None:
    """Return how to fork the worker of a run, or None if the run needs a new interpreter."""
    order, workspace = job_order.read(str(run.root)), workspace_of(run.root)
    scope = []
    if handle.attended:
        if workspace is None or not _inputs_visible(order, workspace):
            return None
        for folder in (workspace.data, workspace.blobs):
            make_folder(folder)  # visible in the container even if a later run is the first with an input
        scope = [str(run.root.parent)]  # a container sees the runs of one experiment
    return launch.make(
        str(run.root),
        order,
        handle.argv(["python"]),
        learned=None if workspace is None else str(workspace.learned),
        inside=handle.inside(["python"]),
        scope=scope,
        attended=handle.attended,
    )


def watch(worker: Worker, *, attended: bool) -> int:
    """Return a descriptor that is readable once a worker has ended."""
    if worker.descriptor is not None:
        return worker.descriptor
    if worker.pid is not None and not attended:
        try:
            return os.pidfd_open(worker.pid)
        except ProcessLookupError:
            pass
    return os.open(os.devnull, os.O_RDONLY)  # the worker has already ended, and this is always readable


def _inputs_visible(order: JobOrder, workspace: Layout) -> bool:
    """Return whether a run's inputs are in the container that an experiment's runs share."""
    seen = [workspace.data.resolve(), workspace.blobs.resolve()]
    places = [Path(place).resolve() for place in order.inputs.values()]
    return all(any(place.is_relative_to(folder) for folder in seen) for place in places)
