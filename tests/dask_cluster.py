"""A Dask cluster that is there already: its scheduler here, its workers on machines of their own, TLS between them."""

import contextlib
import os
import signal
import subprocess
import sys
from urllib.parse import urlsplit

from distributed import Client, Security

from runner.compute.cluster.certificates import make_certificates
from tests.cluster import Cluster, Machine
from tests.waiting import wait_for


class DaskMachine(Machine):
    """A machine with one worker of two threads, which its nanny starts again when it is killed."""

    serving = ("dask worker", "multiprocessing", "distributed")

    def __init__(self, cluster, name, number):
        super().__init__(cluster, name, number)
        self.name = self.address

    def start(self):
        """Start its worker, without waiting for it."""
        local = self.folder / "dask"
        local.mkdir(exist_ok=True)
        words = [
            sys.executable,
            "-m",
            "dask",
            "worker",
            self.cluster.address,
            "--host",
            self.address,
            "--nthreads",
            "2",
        ]
        words += ["--no-dashboard", "--local-directory", str(local), *self.cluster.tls()]
        again = ["sh", "-c", 'while :; do "$@"; sleep 0.2; done', "dask worker again"]  # as whoever runs a cluster does
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", self.space, *again, *words],
                env={**os.environ, "HOME": str(self.folder)},
                stdout=log,
                stderr=log,
            )

    def worker(self):
        """Return the process that the nanny starts again."""
        return next(pid for pid in self.processes() if "spawn_main" in self.line(pid))


class DaskCluster(Cluster):
    """Three machines and a scheduler, which is here."""

    kind, machine = "dask", DaskMachine

    def __init__(self, folder, count=3):
        self.certificates = folder / "certificates"
        self.certificates.mkdir()
        for name, content in make_certificates().items():
            (self.certificates / name).write_bytes(content)
        self.scheduler, self.address = None, ""
        super().__init__(folder, count)
        self.settle()

    def prepare(self):
        """Start the scheduler, where all machines reach it."""
        self.host = f"{self.block}.254"
        subprocess.run(["ip", "addr", "add", f"{self.host}/32", "dev", "lo"], check=True)
        self.start_scheduler()

    def tls(self):
        place = self.certificates
        return [f"--tls-ca-file={place}/ca.pem", f"--tls-cert={place}/cert.pem", f"--tls-key={place}/key.pem"]

    def start_scheduler(self):
        """Start it, at the same port if there was one before."""
        port = self.address.rpartition(":")[2] or "0"
        words = ["--host", self.host, "--port", port, "--no-dashboard", "--protocol", "tls"]
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        with (self.folder / "scheduler.log").open("ab") as log:
            self.scheduler = subprocess.Popen(
                [sys.executable, "-m", "dask", "scheduler", *words, "--scheduler-file", str(file), *self.tls()],
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: file.exists() and file.read_text().endswith("}"), 30)
        text = file.read_text()
        self.address = text.partition('"address": "')[2].partition('"')[0]

    def kill_scheduler(self):
        self.scheduler.kill()
        self.scheduler.wait(10)

    def client(self):
        place = self.certificates
        files = {"tls_client_cert": f"{place}/cert.pem", "tls_client_key": f"{place}/key.pem"}
        security = Security(tls_ca_file=f"{place}/ca.pem", require_encryption=True, **files)
        return Client(self.address, security=security, set_as_default=False)

    def settle(self):
        """Wait until the scheduler knows a worker of each machine."""
        with self.client() as client:
            hosts = {one.address for one in self.machines}
            wait_for(lambda: hosts == {urlsplit(worker).hostname for worker in client.nthreads()}, 60)

    def settings(self):
        place = self.certificates
        tls = f"{{ca_file: {place}/ca.pem, cert: {place}/cert.pem, key: {place}/key.pem}}"
        return {"scheduler_file": self.folder / "scheduler.json", "tls": tls}

    def __exit__(self, *facts):
        super().__exit__(*facts)
        with contextlib.suppress(ProcessLookupError):
            self.scheduler.send_signal(signal.SIGTERM)
            self.scheduler.wait(20)
        subprocess.run(["ip", "addr", "del", f"{self.host}/32", "dev", "lo"], capture_output=True, check=False)
