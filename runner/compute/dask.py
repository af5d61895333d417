"""The machines that run the workers of an existing Dask cluster."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.compute.cluster.kind import ClusterComputeConfig, cluster_kind
from runner.errors import UserError
from runner.hosts.dask.client import DaskClient, host_of
from runner.hosts.dask.link import DaskLink
from runner.hosts.dask.settings import read_settings
from runner.hosts.remote.link import OWN_PYTHON, UnreachableError
from runner.layout import RunLayout

_TICK = 0.5


@dataclass
class DaskTlsConfig:
    """Certificates with which a Dask cluster and its clients authenticate."""

    ca_file: str | None = None
    cert: str | None = None
    key: str | None = None


@dataclass
class DaskComputeConfig(ClusterComputeConfig):
    """The machines of an existing Dask cluster."""

    kind: str = "dask"
    address: str | None = None
    scheduler_file: str | None = None
    tls: DaskTlsConfig = field(default_factory=DaskTlsConfig)
    wait_for_workers_seconds: float = 60


class DaskMachine:
    """One machine, reached through any of its workers.

    Parameters
    ----------
    machines : DaskMachines
        Knows the workers.
    name : str
        The machine's address.
    slots : int or None
        Number of concurrent runs, None for one per worker thread.
    """

    python = OWN_PYTHON

    def __init__(self, machines: DaskMachines, name: str, slots: int | None) -> None:
        self._machines, self.name, self._slots = machines, name, slots

    @property
    def slots(self) -> int | None:
        """Number of concurrent runs."""
        return self._slots or sum(self._machines.workers.get(self.name, {}).values()) or None

    def connect(self) -> DaskLink:
        """Connect to it through its first worker that answers.

        Raises
        ------
        UnreachableError
            If none does.
        """
        self._machines.refresh()
        trouble = UnreachableError(f"{self.name} has no worker")
        for worker in self._machines.workers.get(self.name, {}):
            try:
                return DaskLink(self._machines.client, worker)
            except UnreachableError as error:
                trouble = error
        raise trouble

    def occupy(self, run: Path) -> None:
        """Show the scheduler that a run is still running, so that it does not stop the worker as idle."""
        workers = list(self._machines.workers.get(self.name, {}))
        self._machines.client.occupy(workers, f"vivero-{run.name}", RunLayout(run).worker_lock)


class DaskMachines:
    """The hosts of the cluster's workers. A host is one machine, whatever its number of workers.

    Parameters
    ----------
    config : DaskComputeConfig
        The settings.
    base : Path
        The folder of relative paths.

    Raises
    ------
    UserError
        If the settings are invalid.
    """

    def __init__(self, config: Any, base: Path) -> None:
        self.client = DaskClient(read_settings(config, base))
        self._config = config
        self._was_there = False
        self.workers: dict[str, dict[str, int]] = {}
        """For each machine, the number of threads of each worker by address."""

    def refresh(self) -> None:
        """Update the list of workers."""
        workers: dict[str, dict[str, int]] = {}
        for worker, threads in sorted(self.client.threads().items(), key=lambda item: _in_order(item[0])):
            workers.setdefault(host_of(worker), {})[worker] = threads
        self.workers = workers

    def find(self) -> list[DaskMachine]:
        """Return the machines that have workers. The first call waits for workers.

        Raises
        ------
        UserError
            If the scheduler does not answer or there are still no workers.
        """
        until = time.monotonic() + self._config.wait_for_workers_seconds
        self.refresh()
        while not self.workers and not self._was_there:
            if time.monotonic() > until:
                raise UserError(
                    f"The cluster at {self.client.settings.address} has no workers",
                    "Start some, or wait longer: compute.wait_for_workers_seconds=SECONDS",
                )
            time.sleep(_TICK)
            self.refresh()
        return [self.named(name) for name in self.workers]

    def named(self, name: str) -> DaskMachine:
        """Return the machine with an address, even if it currently has no workers."""
        self._was_there = True
        return DaskMachine(self, name, self._config.slots)

    def close(self) -> None:
        """Disconnect from the scheduler."""
        self.client.close()


def _in_order(worker: str) -> tuple[list[int | str], str]:
    """Return the sort key of a worker. Numbers in host names sort as numbers."""
    words = re.split(r"(\d+)", host_of(worker))
    return [int(word) if word.isdigit() else word for word in words], worker


KIND = cluster_kind(DaskComputeConfig, DaskMachines, read_settings)
