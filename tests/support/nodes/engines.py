"""A container engine on a node, with its own images."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import docker
from docker import DockerClient

from tests.support.nodes.machine import SshMachine
from tests.support.waiting import wait_for

_CGROUPS = Path("/sys/fs/cgroup")


class NodeEngine:
    """A node's engine, which the node's user may use."""

    def __init__(self, machine: SshMachine) -> None:
        self.machine = machine
        self._cgroup = machine.link.space
        self._process: subprocess.Popen[bytes] | None = None
        self._client: DockerClient | None = None
        machine.run("usermod", "-aG", "docker", machine.user)

    def start(self) -> DockerClient:
        """Start the engine, and return a client once it answers."""
        self._process = self.machine.start_program("dockerd", "--log-level=warn", f"--cgroup-parent=/{self._cgroup}")
        wait_for(self._connected, 60)
        return self.client

    @property
    def client(self) -> DockerClient:
        """Return a client of the started engine."""
        assert self._client is not None
        return self._client

    def _connected(self) -> bool:
        with contextlib.suppress(docker.errors.DockerException):
            self._client = DockerClient(f"unix://{self.machine.path('/run/docker.sock')}")
        return self._client is not None

    def stop(self) -> None:
        """Stop the engine with its containers, as a system does."""
        if self._client is not None:
            for container in self._client.containers.list():
                with contextlib.suppress(docker.errors.APIError):  # its supervisor may just be removing it
                    container.kill()
            self._client.close()
        if self._process is not None:
            for pid in self.machine.processes():
                if self.machine.line(pid).startswith("dockerd "):
                    os.kill(pid, signal.SIGTERM)
            self._process.wait(60)
        self._client = self._process = None

    def close(self) -> None:
        """Stop the engine, and remove what the kernel keeps of its containers."""
        self.stop()
        for path, _, _ in os.walk(_CGROUPS, topdown=False):
            if self._cgroup in Path(path).parts:
                with contextlib.suppress(OSError):
                    Path(path).rmdir()
