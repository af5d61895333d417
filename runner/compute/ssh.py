"""The machines of ``compute.hosts``, reached by SSH."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.compute.cluster.kind import ClusterComputeConfig, cluster_kind
from runner.hosts.ssh.connection import Connection
from runner.hosts.ssh.identities import Identities, ask_on_terminal
from runner.hosts.ssh.node_settings import NodeSettings, read_nodes
from runner.hosts.ssh.settings import find


@dataclass
class SshComputeConfig(ClusterComputeConfig):
    """Machines that are reached by SSH."""

    kind: str = "ssh"
    hosts: list[Any] = field(default_factory=list)


class SshMachine:
    """One machine.

    Parameters
    ----------
    settings : NodeSettings
        Its settings in the composition.
    slots : int or None
        Default for the number of concurrent runs.
    identities : Identities
        The user's keys.
    """

    def __init__(self, settings: NodeSettings, slots: int | None, identities: Identities) -> None:
        self._settings, self._identities = settings, identities
        self.name, self.python, self.slots = settings.host, settings.python, settings.slots or slots

    def connect(self) -> Connection:
        """Connect to it."""
        settings = self._settings
        return Connection(find(settings.host, user=settings.user, port=settings.port), self._identities)

    def occupy(self, run: Path) -> None:
        """Do nothing: the machine has no scheduler."""


class SshMachines:
    """The machines that a composition names.

    Parameters
    ----------
    config : SshComputeConfig
        The settings.

    Raises
    ------
    UserError
        If the settings are invalid.
    """

    def __init__(self, config: Any) -> None:
        identities = Identities(ask_on_terminal)
        self._machines = [SshMachine(node, config.slots, identities) for node in read_nodes(config)]

    def find(self) -> list[SshMachine]:
        """Return the machines."""
        return self._machines

    def named(self, name: str) -> SshMachine | None:
        """Return a machine by name."""
        return next((machine for machine in self._machines if machine.name == name), None)

    def close(self) -> None:
        """Do nothing: finding the machines needs no resources."""


KIND = cluster_kind(
    SshComputeConfig, lambda config, _base: SshMachines(config), lambda config, _base: read_nodes(config)
)
