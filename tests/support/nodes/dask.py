"""An existing Dask cluster: its scheduler on this machine, its workers on separate machines, with TLS."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, Security
from distributed.versions import VersionMismatchWarning

from runner.compute.cluster.certificates import make_certificates
from tests.support.nodes.cluster import Cluster
from tests.support.nodes.machine import Machine
from tests.support.nodes.packages import packages_layer
from tests.support.waiting import wait_for

# Dask samples its threads a hundred times a second, even when it is idle.
_IDLE = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "500ms",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "5s",
}
_AGAIN = 'while :; do "$@"; sleep 0.2; done'  # as an administrator of a cluster does


class DaskMachine(Machine):
    """A machine with one worker of two threads. Its nanny restarts the worker when it is killed."""

    serving = ("dask worker", "multiprocessing", "sleep 0.2")

    def __init__(self, cluster: DaskCluster, folder: Path, number: int) -> None:
        super().__init__(f"node{number}", folder, cluster.network, number)
        self.layers = (packages_layer("distributed"),)
        self.name, self._cluster = self.address, cluster
        for name, content in cluster.files.items():
            self.write(f"certificates/{name}", content.decode(), mode=0o600, user=self.user)

    def serve(self) -> None:
        """Start the worker without waiting for it."""
        words = ["env", *(f"{name}={value}" for name, value in _IDLE.items())]
        words += ["/opt/venv/bin/python", "-m", "dask", "worker", self._cluster.address, "--host", self.address]
        words += ["--nthreads", "2", "--no-dashboard", "--local-directory", f"{self.home}/dask"]
        self.start_program("sh", "-c", _AGAIN, "dask worker again", *words, *tls("certificates"), user=self.user)

    def worker(self) -> int:
        """Return the process that the nanny restarts."""
        return next(pid for pid in self.processes() if "spawn_main" in self.line(pid))


class DaskCluster(Cluster[DaskMachine]):
    """Three machines, and a scheduler on this one."""

    kind = "dask"

    def __init__(self, folder: Path, count: int = 3) -> None:
        super().__init__(folder, count)
        self.files: Mapping[str, bytes] = MappingProxyType(make_certificates())
        self._scheduler: subprocess.Popen[bytes] | None = None
        self.address = ""

    @property
    def certificates(self) -> Path:
        """Return the user's folder of certificates."""
        return self.user.home / "certificates"

    @property
    def scheduler_file(self) -> Path:
        """Return the user's file with the scheduler's address."""
        return self.user.home / "scheduler.json"

    def prepare(self) -> None:
        """Start the scheduler at an address that all machines reach."""
        self.user.give_folder(self.certificates)
        for name, content in self.files.items():
            (self.certificates / name).write_bytes(content)
            self.user.give(self.certificates / name)
        self.start_scheduler()

    def machine(self, name: str, folder: Path, number: int) -> DaskMachine:
        """Create a machine whose worker connects to the scheduler."""
        return DaskMachine(self, folder, number)

    def start_scheduler(self) -> None:
        """Start the scheduler, at its earlier port if it had one."""
        port = self.address.rpartition(":")[2] or "0"
        words = ["--host", self.network.host, "--port", port, "--no-dashboard", "--protocol", "tls"]
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        with (self.folder / "scheduler.log").open("ab") as log:
            self._scheduler = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "dask", "scheduler", *words,
                 "--scheduler-file", str(file), *tls(str(self.certificates))],
                env={"PATH": os.environ["PATH"], **_IDLE}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_for(lambda: file.exists() and file.read_text().endswith("}"), 30)
        self.address = file.read_text().partition('"address": "')[2].partition('"')[0]
        self.scheduler_file.write_text(file.read_text())

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        if self._scheduler is not None:
            self._scheduler.kill()
            self._scheduler.wait(10)

    def client(self) -> Any:
        """Return a client of the cluster."""
        place = self.certificates
        files = {"tls_client_cert": f"{place}/cert.pem", "tls_client_key": f"{place}/key.pem"}
        security = Security(tls_ca_file=f"{place}/ca.pem", require_encryption=True, **files)
        with warnings.catch_warnings(action="ignore", category=VersionMismatchWarning):
            return Client(self.address, security=security, set_as_default=False)

    def settle(self) -> None:
        """Wait until the scheduler has a worker on each machine."""
        with self.client() as client:
            hosts = {machine.address for machine in self.machines}
            wait_for(lambda: hosts == {urlsplit(worker).hostname for worker in client.nthreads()}, 60)

    def settings(self) -> Mapping[str, object]:
        """Return the settings for the scheduler and the certificates."""
        place = self.certificates
        written = f"{{ca_file: {place}/ca.pem, cert: {place}/cert.pem, key: {place}/key.pem}}"
        return {"scheduler_file": self.scheduler_file, "tls": written}

    def close(self) -> None:
        """Remove the scheduler, too."""
        super().close()
        self.kill_scheduler()


def tls(place: str) -> list[str]:
    """Return the options that give Dask's programs the certificates in a folder."""
    return [f"--tls-ca-file={place}/ca.pem", f"--tls-cert={place}/cert.pem", f"--tls-key={place}/key.pem"]
