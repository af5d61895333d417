"""Keys for the login, from the SSH agent and from files, with certificates. Each passphrase is asked for once."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import UserError
from runner.hosts.ssh.settings import Address

if TYPE_CHECKING:
    from paramiko import PKey, Transport

Ask = Callable[[str], str | None]
"""Asks the user for a secret. Returns None without a terminal."""


def ask_on_terminal(question: str) -> str | None:
    """Ask on the terminal, if there is one."""
    return getpass.getpass(question) if sys.stdin is not None and sys.stdin.isatty() else None


class Identities:
    """The keys for logins. Unlocked keys are kept in memory for the life of this object.

    Parameters
    ----------
    ask : callable
        Asks for a passphrase.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask, self._unlocked = ask, dict[Path, "PKey | None"]()
        self._locked = list[Path]()  # keys whose passphrase could not be asked for

    def log_in(self, transport: Transport, address: Address) -> None:
        """Log in with the first key that the host accepts.

        Raises
        ------
        UserError
            If it accepts none.
        """
        from paramiko.ssh_exception import AuthenticationException, SSHException

        tried = list[str]()
        for name, key in self._keys(address):
            tried.append(name)
            try:
                left = transport.auth_publickey(address.user, key)
            except (AuthenticationException, SSHException):
                if transport.is_active():
                    continue
                break  # the host accepts no more attempts
            if not left:
                return
        locked = [path for path in self._locked if path in address.identities]
        if locked:
            raise UserError(
                f"{address.name} rejected {address.user}: the key {locked[0]} has a passphrase, and there is "
                "no terminal to ask for it",
                f"Unlock it for all commands: ssh-add {locked[0]}",
            )
        reason = f"Tried {', '.join(tried)}" if tried else "You have no key"
        raise UserError(
            f"{address.name} rejected {address.user}: {reason}",
            "Add your key to ~/.ssh/authorized_keys there, or name another one with IdentityFile in ~/.ssh/config",
        )

    def _keys(self, address: Address) -> Iterator[tuple[str, PKey]]:
        from paramiko import Agent

        if not address.only_these:
            for agent_key in Agent().get_keys():
                yield f"the agent's {agent_key.get_name()}", agent_key
        for path in address.identities:
            key = self._load_key(path)
            if key is not None:
                yield str(path), key

    def _load_key(self, path: Path) -> PKey | None:
        if path not in self._unlocked:
            self._unlocked[path] = self._read(path) if path.is_file() else None
        return self._unlocked[path]

    def _read(self, path: Path) -> PKey | None:
        from paramiko import PKey
        from paramiko.ssh_exception import PasswordRequiredException, SSHException

        try:
            try:
                key = PKey.from_path(path)
            except (PasswordRequiredException, TypeError):  # cryptography raises a TypeError for a missing passphrase
                passphrase = self._ask(f"Passphrase of {path}: ")
                if passphrase is None:
                    self._locked.append(path)
                    return None
                key = PKey.from_path(path, passphrase.encode())  # type: ignore[arg-type] # cryptography takes bytes
        except (SSHException, ValueError, OSError) as error:
            raise UserError(f"The key {path} cannot be read: {error}") from None
        return key
