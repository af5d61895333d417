"""The machines of ``compute.hosts``, reached by SSH."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from runner.compute.cluster.node import Node
from runner.hosts.ssh.connection import Connection
from runner.hosts.ssh.identities import Identities
from runner.hosts.ssh.node_settings import NodeSettings, read_nodes
from runner.hosts.ssh.settings import find


class SshWay:
    """The way to one machine.

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
        one = self._settings
        return Connection(find(one.host, user=one.user, port=one.port), self._identities)

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
        identities = Identities(_ask_passphrase)
        ways = [SshWay(one, config.slots, identities) for one in read_nodes(config)]
        self._nodes = [Node(one, config.root, send=config.send_packages) for one in ways]

    def find(self) -> list[Node]:
        """Return the nodes, without connecting them."""
        return self._nodes

    def named(self, name: str) -> Node | None:
        """Return a node by name."""
        return next((one for one in self._nodes if one.name == name), None)

    def close(self) -> None:
        """Release the machines."""
        for node in self._nodes:
            node.close()


def _ask_passphrase(question: str) -> str | None:
    """Ask on the terminal, if there is one."""
    return getpass.getpass(question) if sys.stdin is not None and sys.stdin.isatty() else None
