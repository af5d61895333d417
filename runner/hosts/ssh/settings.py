"""How to reach a machine: from the composition, then from OpenSSH's files (man ssh_config)."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.errors import UserError

_FILES = (Path("~/.ssh/config"), Path("/etc/ssh/ssh_config"))
_KNOWN = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
_IDENTITIES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_PORT = 22


@dataclass(frozen=True)
class Address:
    """How one machine is reached.

    Parameters
    ----------
    name : str
        As it was written, which is how users know it.
    host, port, user
        Where, and as whom.
    known_as : str
        Under which name its key is known.
    identities : tuple of Path
        Files with private keys, in the order in which they are tried.
    only_these : bool
        Whether the agent's keys are left alone.
    known_hosts : tuple of Path
        Files with the keys of machines.
    jump : str or None
        The machine it is reached through.
    command : str or None
        What is run to reach it.
    seconds : float
        That connecting may take.
    """

    name: str
    host: str
    port: int
    user: str
    known_as: str
    identities: tuple[Path, ...]
    only_these: bool
    known_hosts: tuple[Path, ...]
    jump: str | None
    command: str | None
    seconds: float


def find(
    name: str, *, user: str | None = None, port: int | None = None, files: tuple[Path, ...] | None = None
) -> Address:
    """Return how a machine is reached, with what OpenSSH's files say of it.

    Parameters
    ----------
    name : str
        An alias of ``~/.ssh/config``, a host's name or address; ``USER@NAME:PORT`` for one that is jumped through.
    user, port
        What goes before the files.
    files : tuple of Path or None
        OpenSSH's files, the one that decides first; None: the user's, then the machine's.

    Raises
    ------
    UserError
        If a file cannot be read, or the name cannot be one.
    """
    before, _, host = name.rpartition("@")
    host, _, after = host.partition(":") if host.count(":") == 1 else (host, "", "")
    if not host or host.startswith("-") or (after and not after.isdigit()):
        raise UserError(f"{name!r} is not a host", "Write it as for ssh: host, user@host, or a name from ~/.ssh/config")
    said = _said(host, files or _FILES)
    where = str(said.get("hostname", host))
    number = port or int(after or said.get("port", _PORT))
    known = said.get("hostkeyalias") or (where if number == _PORT else f"[{where}]:{number}")
    command = said.get("proxycommand")
    jump = said.get("proxyjump")
    return Address(
        name=host,
        host=where,
        port=number,
        user=user or before or said.get("user") or getpass.getuser(),
        known_as=str(known),
        identities=tuple(Path(one).expanduser() for one in said.get("identityfile") or _IDENTITIES),
        only_these=said.get("identitiesonly") == "yes",
        known_hosts=_paths(said.get("userknownhostsfile"), said.get("globalknownhostsfile")),
        jump=jump if jump not in (None, "none") else None,
        command=command if command not in (None, "none") else None,
        seconds=float(said.get("connecttimeout", 10)),
    )


def _said(host: str, files: tuple[Path, ...]) -> dict[str, Any]:
    """Return what the files say of a host; the first word on a thing stands."""
    from paramiko import SSHConfig
    from paramiko.ssh_exception import ConfigParseError, CouldNotCanonicalize

    config = SSHConfig()
    for path in [one.expanduser() for one in files]:
        try:
            if path.is_file():
                with path.open() as lines:
                    config.parse(lines)
        except (ConfigParseError, OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from None
    try:
        return dict(config.lookup(host))
    except (ConfigParseError, CouldNotCanonicalize, OSError) as error:
        raise UserError(f"The OpenSSH configuration for {host} cannot be used: {error}") from None


def _paths(own: str | None, shared: str | None) -> tuple[Path, ...]:
    words = [*(own or _KNOWN[0]).split(), *(shared or _KNOWN[1]).split()]
    return tuple(Path(one).expanduser() for one in words if one != "none")
