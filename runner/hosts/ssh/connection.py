"""An SSH connection. The host key is checked before the login, and the connection is kept alive."""

from __future__ import annotations

import shlex
import socket
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.hosts.remote.link import UnreachableError
from runner.hosts.ssh import known
from runner.hosts.ssh.identities import Identities
from runner.hosts.ssh.settings import Address, find

if TYPE_CHECKING:
    from paramiko import Channel, Transport

_ALIVE = 15  # seconds between keepalives, which detect a cut link and prevent that an idle one is cut
_JUMPS = 8
_READ = 1 << 16


class Connection:
    """An SSH connection that starts programs. Use it in a ``with`` block, or close it.

    Parameters
    ----------
    address : Address
        The host.
    identities : Identities
        The keys for the login.

    Raises
    ------
    UserError
        If the host cannot be reached, has another host key, or rejects the login.
    """

    def __init__(self, address: Address, identities: Identities) -> None:
        self.address = address
        self._via: list[Transport] = []
        try:
            self._transport = self._connected(address, identities, 0)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and its jump hosts."""
        for hop in reversed(self._via):
            hop.close()
        self._via.clear()

    @property
    def name(self) -> str:
        """The host's name."""
        return self.address.name

    @property
    def host(self) -> str:
        """The address at which other hosts reach it. It is the one that this connection uses."""
        return self.address.host

    @property
    def seconds(self) -> float:
        """The time limit for an answer."""
        return self.address.seconds

    @property
    def is_alive(self) -> bool:
        """Whether the connection is alive, as far as known."""
        return bool(self._transport.is_active())

    def start(self, words: list[str]) -> Channel:
        """Start a program from an argument list, and return its standard streams.

        Raises
        ------
        UserError
            If the host does not start it.
        """
        from paramiko.ssh_exception import SSHException

        try:
            channel = self._transport.open_session(timeout=self.address.seconds)
            channel.exec_command(quoted(words))
        except (SSHException, OSError, EOFError) as error:
            raise UnreachableError(f"{self.address.name} cannot start a command: {_reason(error)}") from None
        return channel

    def complaint(self, channel: Channel) -> bytes:
        """Return what a program has written to its standard error so far."""
        output = b""
        while channel.recv_stderr_ready():
            output += channel.recv_stderr(_READ)
        return output

    def open(self, port: int) -> Channel:
        """Open a channel to a port on the host's loopback interface.

        Raises
        ------
        UserError
            If the port does not answer.
        """
        from paramiko.ssh_exception import SSHException

        try:
            return self._transport.open_channel(
                "direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 0), timeout=self.address.seconds
            )
        except (SSHException, OSError, EOFError) as error:
            raise UnreachableError(f"Port {port} of {self.address.name} does not answer: {_reason(error)}") from None

    def _connected(self, address: Address, identities: Identities, depth: int) -> Transport:
        from paramiko import Transport
        from paramiko.ssh_exception import SSHException

        keys = known.load(address)
        try:
            transport = Transport(self._open_stream(address, identities, depth))
            self._via.append(transport)
            known.prefer_known(transport, address, keys)
            _prefer_quick_ciphers(transport)
            transport.start_client(timeout=address.seconds)
            known.check(address, keys, transport.get_remote_server_key())
            identities.log_in(transport, address)
        except (SSHException, OSError, EOFError) as error:
            raise UnreachableError(
                f"{address.name} ({address.host}:{address.port}) cannot be reached: {_reason(error)}"
            ) from None
        transport.set_keepalive(_ALIVE)
        return transport

    def _open_stream(self, address: Address, identities: Identities, depth: int) -> Any:
        """Return the transport's stream: a socket, a proxy command, or a channel through a jump host."""
        from paramiko import ProxyCommand

        if address.jump is not None:
            if depth >= _JUMPS:
                raise UserError(f"{address.name} is reached through more than {_JUMPS} machines (ProxyJump)")
            before, _, last = address.jump.rpartition(",")
            between = find(last)
            if before:
                between = _via(between, before)
            transport = self._connected(between, identities, depth + 1)
            return transport.open_channel(
                "direct-tcpip", (address.host, address.port), ("127.0.0.1", 0), timeout=address.seconds
            )
        if address.command is not None:
            return ProxyCommand(address.command)
        return socket.create_connection((address.host, address.port), timeout=address.seconds)


def _prefer_quick_ciphers(transport: Transport) -> None:
    """Prefer AES-GCM. It authenticates what it decrypts; other ciphers need a separate MAC, which doubles the cost."""
    options = transport.get_security_options()
    options.ciphers = sorted(options.ciphers, key=lambda name: "gcm" not in name)  # stable: otherwise paramiko's order


def _via(address: Address, jump: str) -> Address:
    import dataclasses

    return dataclasses.replace(address, jump=jump)


def quoted(words: list[str]) -> str:
    """Quote words for a remote shell. Nothing else in this project builds a shell line.

    Single quotes protect every character in every shell, except ``!`` in csh.

    Raises
    ------
    UserError
        If a word contains a NUL, a newline or ``!``.
    """
    for word in words:
        if "\0" in word or "\n" in word or "!" in word:
            raise UserError(f"{word!r} cannot be passed to a command on another machine")
    return shlex.join(words)


def _reason(error: BaseException) -> str:
    message = getattr(error, "strerror", None) or str(error)
    if isinstance(error, EOFError) and not message:
        return "it closed the connection"
    return " ".join(message.split()) or type(error).__name__
