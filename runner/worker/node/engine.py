"""The processes of one run's Dask cluster: a scheduler on the run's node, and workers on all nodes.

The program ``node.engine scheduler|worker FOLDER`` runs in the run's environment. The folder contains ``engine.json``
and the certificates with which scheduler, workers and script authenticate each other and reject everyone else. The
scheduler ends with the run, and the workers end with the scheduler. Each process removes its folder.
"""

import asyncio
import os
import shutil
import time

from .. import files, layout, locks, timeouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

_TICK = 0.2
_BEGINS = 120.0  # seconds until the run must have started


def security(folder: str) -> "Any":
    """Return TLS settings that accept only certificates of this cluster."""
    from distributed import Security

    ca, certificate, key = (os.path.join(folder, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    paths = {"cert": certificate, "key": key}
    roles = {
        "tls_{}_{}".format(role, what): paths[what] for role in ("client", "scheduler", "worker") for what in paths
    }
    return Security(tls_ca_file=ca, require_encryption=True, **roles)


async def schedule(folder: str, facts: "Dict[str, Any]") -> None:
    """Run the scheduler until the run ends."""
    from distributed import Scheduler

    async with Scheduler(
        host=own_address(facts["host"]),
        port=0,
        protocol="tls",
        security=security(folder),
        dashboard=True,
        dashboard_address="127.0.0.1:0",
        allowed_failures=facts["allowed_failures"],
    ) as scheduler:
        address = "tls://{}:{}".format(facts["host"], scheduler.port)
        port = scheduler.http_server.port if scheduler.http_server is not None else None
        files.write_json(os.path.join(folder, "address.json"), {"address": address, "dashboard": port})
        lock, until = os.path.join(facts["run"], layout.WORKER_LOCK), time.monotonic() + _BEGINS
        while not locks.is_locked(lock) and time.monotonic() < until:
            await asyncio.sleep(_TICK)
        while locks.is_locked(lock):
            await asyncio.sleep(_TICK)


async def work(folder: str, facts: "Dict[str, Any]") -> None:
    """Run the workers of a node, each in a process that is restarted if it is killed."""
    from distributed import Nanny
    from distributed.utils import get_ip

    place = facts["scheduler"].rpartition(":")[0].rpartition("/")[2].strip("[]")
    nannies = [
        Nanny(
            facts["scheduler"],
            nthreads=1,
            host=get_ip(place),
            protocol="tls",
            security=security(folder),
            name="{}-{}".format(facts["node"], number),
            death_timeout=timeouts.seconds("engine_death"),
            local_directory=folder,
            memory_limit=0,
            dashboard=False,
        )
        for number in range(facts["slots"])
    ]
    await asyncio.gather(*nannies)
    await asyncio.gather(*(nanny.finished() for nanny in nannies))


def own_address(host: str) -> str:
    """Return the address on which to listen for clients that know this machine as `host`."""
    import socket

    try:
        address = socket.gethostbyname(host)
        with socket.socket() as probe:
            probe.bind((address, 0))
        return address
    except OSError:
        return ""  # on all interfaces: the host's address belongs to another device, such as a NAT gateway


def main(arguments: "List[str]") -> None:
    """Run the scheduler or the workers of a node."""
    import dask

    kind, folder = arguments
    facts = files.read_json(os.path.join(folder, "engine.json"))
    settings = {
        "distributed.comm.timeouts.connect": "20s",
        "distributed.comm.timeouts.tcp": "60s",
        "distributed.worker.multiprocessing-method": "spawn",
        "distributed.admin.system-monitor.gil.enabled": False,
    }
    try:
        with dask.config.set(settings):
            asyncio.run(schedule(folder, facts) if kind == "scheduler" else work(folder, facts))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
