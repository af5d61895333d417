"""The connection settings of a host: from the composition, then from OpenSSH's configuration (man ssh_config)."""

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
    """The connection settings of one host.

    Parameters
    ----------
    name : str
        The name that the user wrote.
    host, port, user
        The address, the port and the login name.
    known_as : str
        The name under which known_hosts lists its key.
    identities : tuple of Path
        Private key files, in the order in which they are tried.
    only_these : bool
        Whether to skip the keys of the SSH agent (``IdentitiesOnly``).
    known_hosts : tuple of Path
        The known_hosts files.
    jump : str or None
        The jump hosts (``ProxyJump``).
    command : str or None
        The command whose streams carry the connection (``ProxyCommand``).
    seconds : float
        The time limit for connecting.
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
    """Return the connection settings of a host, completed from OpenSSH's configuration.

    Parameters
    ----------
    name : str
        An alias from ``~/.ssh/config``, a host name or an address. A jump host may be ``USER@NAME:PORT``.
    user, port
        Override the configuration.
    files : tuple of Path or None
        OpenSSH's configuration files, the first one taking precedence. None means the user's, then the system's.

    Raises
    ------
    UserError
        If a file cannot be read, or `name` is not a valid host.
    """
    before, _, host = name.rpartition("@")
    host, _, after = host.partition(":") if host.count(":") == 1 else (host, "", "")
    if not host or host.startswith("-") or (after and not after.isdigit()):
        raise UserError(f"{name!r} is not a host", "Write it as for ssh: host, user@host, or a name from ~/.ssh/config")
    options = _openssh_config(host, files or _FILES)
    where = str(options.get("hostname", host))
    number = port or int(after or options.get("port", _PORT))
    known = options.get("hostkeyalias") or (where if number == _PORT else f"[{where}]:{number}")
    command = options.get("proxycommand")
    jump = options.get("proxyjump")
    return Address(
        name=host,
        host=where,
        port=number,
        user=user or before or options.get("user") or getpass.getuser(),
        known_as=str(known),
        identities=tuple(Path(path).expanduser() for path in options.get("identityfile") or _IDENTITIES),
        only_these=options.get("identitiesonly") == "yes",
        known_hosts=_paths(options.get("userknownhostsfile"), options.get("globalknownhostsfile")),
        jump=jump if jump not in (None, "none") else None,
        command=command if command not in (None, "none") else None,
        seconds=float(options.get("connecttimeout", 10)),
    )


def _openssh_config(host: str, files: tuple[Path, ...]) -> dict[str, Any]:
    """Return OpenSSH's configuration of a host. The first value of a keyword applies."""
    from paramiko import SSHConfig
    from paramiko.ssh_exception import ConfigParseError, CouldNotCanonicalize

    config = SSHConfig()
    for path in [path.expanduser() for path in files]:
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


def _paths(user_files: str | None, shared: str | None) -> tuple[Path, ...]:
    words = [*(user_files or _KNOWN[0]).split(), *(shared or _KNOWN[1]).split()]
    return tuple(Path(word).expanduser() for word in words if word != "none")
