"""Several machines that share nothing, and a user with a key for them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from tests.support.components import missing
from tests.support.nodes.blocks import Block, end_processes_of, left_blocks, take_block
from tests.support.nodes.machine import Machine, SshMachine
from tests.support.nodes.network import Network
from tests.support.nodes.user import User

_PROGRAMS = ("ip", "iptables", "ssh-keygen", "nsenter", "unshare", "setpriv")
M = TypeVar("M", bound=Machine)


class Cluster(Generic[M]):
    """Machines, the network between them and this machine, and their user. Use it in a ``with`` block."""

    kind: str

    def __init__(self, folder: Path, count: int = 3) -> None:
        _need_what_nodes_take()
        self.folder, self.count = folder, count
        self.machines: list[M] = []

    def machine(self, name: str, folder: Path, number: int) -> M:
        """Create a machine without starting it."""
        raise NotImplementedError

    def settings(self) -> Mapping[str, object]:
        """Return the default settings of the compute's file."""
        raise NotImplementedError

    def received(self) -> int:
        """Return the bytes that the links have carried to the machines."""
        return sum(machine.link.received() for machine in self.machines)

    def prepare(self) -> None:
        """Start what the machines need besides themselves."""

    def settle(self) -> None:
        """Wait until all started machines can be reached."""

    def __enter__(self) -> Self:
        self.block = take_block()
        _sweep(self.block)
        for block in left_blocks():
            _sweep(block)
        self.network = Network(self.block)
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def _open(self) -> None:
        nodes = self.folder / "nodes"
        nodes.mkdir(mode=0o700)
        self.network.open()
        self.user = User(self.folder / "user", self.block)
        self.prepare()
        for number in range(1, self.count + 1):
            name = f"node{number}"
            self.machines.append(self.machine(name, nodes / name, number))
        for machine in self.machines:
            machine.start()
        self.settle()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the cluster and end everything that runs on it."""
        for machine in self.machines:
            machine.kill()
        if hasattr(self, "user"):
            self.user.close()
        self.network.close()
        self.block.close()

    def compute(self, folder: Path, **settings: object) -> list[str]:
        """Write ``compute/lab.yaml`` to a folder for ``--config-dir``, and return the arguments that choose it."""
        below = folder / "conf" / "compute"
        below.mkdir(parents=True, exist_ok=True)
        lines = {**self.settings(), **settings}
        text = f"defaults:\n  - /schema/compute/{self.kind}@_here_\n  - _self_\n" + "".join(
            f"{name}: {value}\n" for name, value in lines.items()
        )
        (below / "lab.yaml").write_text(text)
        return ["--config-dir", str(folder / "conf"), "compute=lab"]


AnyCluster = Cluster[Any]


class SshCluster(Cluster[SshMachine]):
    """Machines with an sshd. The user's ``.ssh`` has their names."""

    kind = "ssh"

    def prepare(self) -> None:
        """Create the user's key."""
        key = self.user.home / ".ssh" / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", str(key)], check=True)
        self.user.give(key)
        self.public_key = key.with_suffix(".pub").read_text()

    def machine(self, name: str, folder: Path, number: int) -> SshMachine:
        """Create a machine that accepts the user's key."""
        return SshMachine(name, folder, self.network, number, self.public_key)

    def settle(self) -> None:
        """Add all machines to the user's SSH configuration."""
        ssh = self.user.home / ".ssh"
        (ssh / "config").write_text(
            "".join(
                f"Host {machine.name}\n HostName {machine.address}\n User {machine.user}\n IdentitiesOnly yes\n"
                f" IdentityFile {ssh}/id_ed25519\n UserKnownHostsFile {ssh}/known_hosts\n ConnectTimeout 3\n"
                for machine in self.machines
            )
        )
        self.known_hosts.write_text("".join(f"{machine.address} {machine.public_key}" for machine in self.machines))

    @property
    def known_hosts(self) -> Path:
        """Return the user's known_hosts file."""
        return self.user.home / ".ssh" / "known_hosts"

    def settings(self) -> Mapping[str, object]:
        """Return the machines' names, with two slots each."""
        return {"hosts": f"[{', '.join(machine.name for machine in self.machines)}]", "slots": 2}


def _sweep(block: Block) -> None:
    """Remove what a killed test process has left."""
    end_processes_of(block.uid)
    Network(block).close()


def _need_what_nodes_take() -> None:
    for program in _PROGRAMS:
        if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
            missing(f"there is no {program}")
    if os.getuid() != 0:
        missing("machines with file systems and networks of their own need root")
