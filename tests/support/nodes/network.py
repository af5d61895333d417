"""The network of a cluster: a router in its own network namespace, with a link to each node.

On this machine only one of its links is visible, and none of its rules. Deleting the namespaces and that link
removes everything.
"""

from __future__ import annotations

import json
import subprocess

from tests.support.nodes.blocks import Block


def _run(*words: str) -> str:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
    return done.stdout


def _undo(*words: str) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


class Network:
    """The router. The nodes reach this machine at `host`."""

    def __init__(self, block: Block) -> None:
        self.name, self.addresses = block.name, block.addresses
        self.host = f"{self.addresses}.253"

    def open(self) -> None:
        """Create the router."""
        router = f"{self.addresses}.254"
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self.name, "type", "veth", "peer", "name", "uplink", "netns", self.name)
        _run("ip", "addr", "add", f"{self.host}/30", "dev", self.name)
        _run("ip", "link", "set", self.name, "up")
        _run("ip", "route", "add", f"{self.addresses}.0/24", "via", router)
        _run("ip", "-n", self.name, "addr", "add", f"{router}/30", "dev", "uplink")
        _run("ip", "-n", self.name, "link", "set", "uplink", "up")
        _run("ip", "-n", self.name, "route", "add", "default", "via", self.host)
        _run("ip", "netns", "exec", self.name, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")

    def close(self) -> None:
        """Remove the router and all links."""
        _undo("ip", "link", "del", self.name)
        for line in _run("ip", "netns", "list").splitlines():
            space = line.split()[0]
            if space == self.name or space.startswith(f"{self.name}-"):
                _undo("ip", "netns", "del", space)


class Link:
    """A node's link, which is ``eth0`` in the node's network namespace."""

    def __init__(self, network: Network, number: int) -> None:
        self.router, self.device = network.name, f"node{number}"
        self.space = f"{network.name}-{number}"
        self.address, gateway = f"{network.addresses}.{number * 4 + 2}", f"{network.addresses}.{number * 4 + 1}"
        _run("ip", "netns", "add", self.space)
        _run("ip", "-n", self.router, "link", "add", self.device, "type", "veth", "peer", "eth0", "netns", self.space)
        _run("ip", "-n", self.router, "addr", "add", f"{gateway}/30", "dev", self.device)
        _run("ip", "-n", self.router, "link", "set", self.device, "up")
        _run("ip", "-n", self.space, "addr", "add", f"{self.address}/30", "dev", "eth0")
        _run("ip", "-n", self.space, "link", "set", "eth0", "up")
        _run("ip", "-n", self.space, "link", "set", "lo", "up")
        _run("ip", "-n", self.space, "route", "add", "default", "via", gateway)

    def cut(self) -> None:
        """Drop all packets. They are neither answered nor refused."""
        for way in ("-i", "-o"):
            _run(*self._rule("-I", way))

    def mend(self) -> None:
        """Restore the link."""
        for way in ("-i", "-o"):
            while _undo(*self._rule("-D", way)):
                continue

    def received(self) -> int:
        """Return the bytes that the link has carried to the node."""
        (interface,) = json.loads(_run("ip", "-n", self.space, "-s", "-j", "link", "show", "eth0"))
        return int(interface["stats64"]["rx"]["bytes"])

    def _rule(self, change: str, way: str) -> list[str]:
        rule = [change, "FORWARD", way, self.device, "-j", "DROP"]
        return ["ip", "netns", "exec", self.router, "iptables", "-w", *rule]
