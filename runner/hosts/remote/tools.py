"""Tools for building an environment on a node: uv and the installed Pythons."""

from __future__ import annotations

import platform
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runner.errors import UserError
from runner.hosts.local import local_uv
from runner.ports.host import Interpreter

if TYPE_CHECKING:
    from runner.hosts.remote.client import Request
    from runner.hosts.remote.host import RemoteHost


class NodeCalls(Protocol):
    """The part of a node that `NodeTools` uses."""

    @property
    def facts(self) -> Any:
        """Facts about the node from its agent."""

    @property
    def python(self) -> str:
        """The Python that runs the node's agent."""

    def call(self, module: str, function: str, **facts: Any) -> Request:
        """Call a function of the worker package on the node."""


class NodeTools:
    """The tools on one node.

    Parameters
    ----------
    node : NodeCalls
        The node.
    """

    def __init__(self, node: NodeCalls) -> None:
        self._node = node
        self._uv: str | None = None
        self._lock = threading.Lock()

    def uv(self, host: RemoteHost) -> str:
        """Return the path of uv on the node.

        A node with this machine's platform gets this machine's uv, sent if necessary. Any other node must have its own.

        Raises
        ------
        UserError
            If no uv starts there.
        """
        with self._lock:
            if self._uv is None:
                self._uv = self._upload_uv(host) if self._is_alike() else self._own(host)
            return self._uv

    def pythons(self, host: RemoteHost) -> list[Interpreter]:  # noqa: ARG002 - required by the port
        """Return the interpreters on the node."""
        pythons = self._node.call("node.pythons", "find", also=[self._node.python]).result()["pythons"]
        return [Interpreter(Path(python["path"]), python["version"], python["platform"]) for python in pythons]

    def _is_alike(self) -> bool:
        machine = str(self._node.facts["platform"]).rpartition("-")[2]
        return platform.system() == "Linux" and machine == platform.machine() and bool(self._node.facts["libc"].strip())

    def _upload_uv(self, host: RemoteHost) -> str:
        from importlib.metadata import version

        target = host.root / "bin" / f"uv-{version('uv')}"
        if host.missing([target]):
            aside = target.with_name(f"{target.name}.{secrets.token_hex(6)}.part")
            host.put(Path(local_uv()), aside)
            done = host.run([str(aside), "--version"])
            if done.exit_code != 0:
                raise UserError(f"uv does not start on {host.name}: {done.output.decode(errors='replace').strip()}")
            host.rename(aside, target)
        return str(target)

    def _own(self, host: RemoteHost) -> str:
        done = host.run(["sh", "-c", "command -v uv || ls ~/.local/bin/uv"])
        words = done.output.decode(errors="replace").split()
        if done.exit_code != 0 or not words:
            raise UserError(
                f"{host.name} is {self._node.facts['platform']}, which this machine's uv does not support",
                "Install uv on the node",
            )
        return words[0]
