"""One SSH connection: the host key is checked before we log in, and the connection is kept alive."""

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

_ALIVE = 15  # seconds between signs of life, so that a link that is cut is noticed and one at rest is not cut
_JUMPS = 8
_READ = 1 << 16


class Connection:
    """A connection that programs are started over; use it in a ``with`` block, or close it.

    Parameters
    ----------
    address : Address
        The machine.
    identities : Identities
        Who we are.

    Raises
    ------
    UserError
        If it cannot be reached, has another host key, or rejects the login.
    """

    def __init__(self, address: Address, identities: Identities) -> None:
        self.address = address
        self._through: list[Transport] = []
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
        """Let go of the machine, and of those it was reached through."""
        for one in reversed(self._through):
            one.close()
        self._through.clear()

    @property
    def name(self) -> str:
        """How the machine is called."""
        return self.address.name

    @property
    def host(self) -> str:
        """By which other machines reach it: as we do."""
        return self.address.host

    @property
    def seconds(self) -> float:
        """How long it may take to answer."""
        return self.address.seconds

    @property
    def is_alive(self) -> bool:
        """Return whether it still holds, as far as is known."""
        return bool(self._transport.is_active())

    def start(self, words: list[str]) -> Channel:
        """Start a program with its words as they are, and return its standard streams.

        Raises
        ------
        UserError
            If the machine starts none.
        """
        from paramiko.ssh_exception import SSHException

        try:
            channel = self._transport.open_session(timeout=self.address.seconds)
            channel.exec_command(quoted(words))
        except (SSHException, OSError, EOFError) as error:
            raise UnreachableError(f"{self.address.name} cannot start a command: {_shortly(error)}") from None
        return channel

    def complaint(self, channel: Channel) -> bytes:
        """Return what a program wrote to its standard error, as far as it is here."""
        found = b""
        while channel.recv_stderr_ready():
            found += channel.recv_stderr(_READ)
        return found

    def open(self, port: int) -> Channel:
        """Open a channel to a port of the machine's own loopback.

        Raises
        ------
        UserError
            If that does not answer.
        """
        from paramiko.ssh_exception import SSHException

        try:
            return self._transport.open_channel(
                "direct-tcpip", ("127.0.0.1", port), ("127.0.0.1", 0), timeout=self.address.seconds
            )
        except (SSHException, OSError, EOFError) as error:
            raise UnreachableError(f"Port {port} of {self.address.name} does not answer: {_shortly(error)}") from None

    def _connected(self, address: Address, identities: Identities, depth: int) -> Transport:
        from paramiko import Transport
        from paramiko.ssh_exception import SSHException

        keys = known.load(address)
        try:
            transport = Transport(self._way(address, identities, depth))
            self._through.append(transport)
            known.prefer_known(transport, address, keys)
            _prefer_quick_ciphers(transport)
            transport.start_client(timeout=address.seconds)
            known.check(address, keys, transport.get_remote_server_key())
            identities.log_in(transport, address)
        except (SSHException, OSError, EOFError) as error:
            raise UnreachableError(
                f"{address.name} ({address.host}:{address.port}) cannot be reached: {_shortly(error)}"
            ) from None
        transport.set_keepalive(_ALIVE)
        return transport

    def _way(self, address: Address, identities: Identities, depth: int) -> Any:
        """Return what carries the connection: a socket, a command's streams, or a channel of a machine in between."""
        from paramiko import ProxyCommand

        if address.jump is not None:
            if depth >= _JUMPS:
                raise UserError(f"{address.name} is reached through more than {_JUMPS} machines (ProxyJump)")
            before, _, last = address.jump.rpartition(",")
            between = find(last)
            if before:
                between = _through(between, before)
            transport = self._connected(between, identities, depth + 1)
            return transport.open_channel(
                "direct-tcpip", (address.host, address.port), ("127.0.0.1", 0), timeout=address.seconds
            )
        if address.command is not None:
            return ProxyCommand(address.command)
        return socket.create_connection((address.host, address.port), timeout=address.seconds)


def _prefer_quick_ciphers(transport: Transport) -> None:
    """Ask first for ciphers that check what they decrypt: a code of its own for each message costs as much again."""
    options = transport.get_security_options()
    options.ciphers = sorted(options.ciphers, key=lambda name: "gcm" not in name)  # stable: else paramiko's order


def _through(address: Address, jump: str) -> Address:
    import dataclasses

    return dataclasses.replace(address, jump=jump)


def quoted(words: list[str]) -> str:
    """Return words as every shell reads them: the one place where words become a line of a shell.

    Within single quotes nothing means anything but to csh, in which a ``!`` does even there.

    Raises
    ------
    UserError
        For a word that no shell can have.
    """
    for word in words:
        if "\0" in word or "\n" in word or "!" in word:
            raise UserError(f"{word!r} cannot be passed to a command on another machine")
    return shlex.join(words)


def _shortly(error: BaseException) -> str:
    told = getattr(error, "strerror", None) or str(error)
    return " ".join(told.split()) or type(error).__name__
