"""Host keys. Nothing, not even a user name, is sent to a host whose key is unknown or has changed."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from runner.errors import UserError
from runner.hosts.ssh.settings import Address

if TYPE_CHECKING:
    from paramiko import PKey, Transport
    from paramiko.hostkeys import HostKeys


def load(address: Address) -> HostKeys:
    """Return the host keys from the address's known_hosts files.

    Raises
    ------
    UserError
        If a file cannot be read.
    """
    from paramiko.hostkeys import HostKeys

    keys = HostKeys()
    for path in address.known_hosts:
        try:
            if path.is_file():
                keys.load(str(path))
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}") from None
    return keys


def prefer_known(transport: Transport, address: Address, keys: HostKeys) -> None:
    """Prefer the types of host key that are known for this host."""
    known = list(keys.lookup(address.known_as) or {})
    options: Any = transport.get_security_options()
    kinds = {
        word for kind in known for word in (("rsa-sha2-512", "rsa-sha2-256", kind) if kind == "ssh-rsa" else (kind,))
    }
    options.key_types = sorted(options.key_types, key=lambda kind: kind not in kinds)


def check(address: Address, keys: HostKeys, shown: PKey) -> None:
    """Reject a host whose key is unknown or has changed.

    Raises
    ------
    UserError
        With the fingerprint, and the command that accepts the key.
    """
    known: dict[str, PKey] = dict(keys.lookup(address.known_as) or {})
    if any(key.asbytes() == shown.asbytes() for key in known.values()):
        return
    seen = f"{shown.get_name()} {fingerprint(shown)}"
    login = f"ssh -p {address.port} {address.user}@{address.host}"
    files = ", ".join(map(str, address.known_hosts))
    if not known:
        raise UserError(
            f"{address.name} ({address.known_as}) is not in your known_hosts. Its key is {seen}",
            f"If that is the right key, accept it: {login}",
        )
    raise UserError(
        f"{address.name} ({address.known_as}) has a different key than {files} says: {seen}",
        "If the machine was not reinstalled, someone may be intercepting you. If it was: "
        f"ssh-keygen -R '{address.known_as}', then {login}",
    )


def fingerprint(key: PKey) -> str:
    """Return a key's fingerprint as OpenSSH shows it."""
    digest = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"
