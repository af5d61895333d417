"""Checks the key and the Host of a request, before its body is read."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import Any

from serving.errors import ServingError
from serving.http.keys import Keys

HEALTH = ("/", "/ping", "/health", "/version", "/v2/health/live", "/v2/health/ready")  # answered without a key
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?\])(?::[0-9]{0,5})?", re.ASCII)


class ClientRefusedError(ServingError):
    """A refusal that any client can cause without a key, as often as it likes."""


class AccessCheck:
    """The conditions that every request must meet.

    Parameters
    ----------
    keys : Keys
        The keys that are valid.
    hosts : tuple of str or None
        Names that clients may use in addition to localhost and addresses. None allows any name. A foreign web page
        whose name was made to resolve to this machine (DNS rebinding) sends that name.
    """

    def __init__(self, keys: Keys, hosts: tuple[str, ...] | None = None) -> None:
        self.keys = keys
        self._is_known = functools.lru_cache(256)(functools.partial(_is_known, hosts)) if hosts is not None else None

    def check(self, environ: dict[str, Any]) -> None:
        """Check the Host of a request and its key.

        Raises
        ------
        ClientRefusedError
            If either is invalid.
        """
        if self._is_known is not None and not self._is_known(environ.get("HTTP_HOST")):
            raise _misdirected(environ.get("HTTP_HOST"))
        if not self.is_open(environ) and not self.keys.admit(environ.get("HTTP_AUTHORIZATION")):
            raise ClientRefusedError(
                401, "no_key", "This endpoint needs a key. Send the header Authorization: Bearer KEY"
            )

    def is_open(self, environ: dict[str, Any]) -> bool:
        """Return whether a request needs no key."""
        return not self.keys.needed or environ["PATH_INFO"] in HEALTH or environ["REQUEST_METHOD"] == "OPTIONS"

    def is_anonymous(self, environ: dict[str, Any]) -> bool:
        """Return whether a request was accepted without a key where others need one."""
        return self.keys.needed and self.is_open(environ)


def _is_known(hosts: tuple[str, ...], given: str | None) -> bool:
    """Return whether a ``Host`` header names this endpoint. HTTP/1.0, which no browser uses, may omit the header."""
    if given is None:
        return True
    match = _HOST.fullmatch(given)
    if match is None:
        return False
    name = match["name"].strip("[]").rstrip(".").lower()
    return name == "localhost" or name in hosts or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _misdirected(given: str | None) -> ClientRefusedError:
    match = _HOST.fullmatch(given or "")
    if match is None:
        return ClientRefusedError(400, "bad_host", "The Host header is not one name or address")
    name = match["name"].rstrip(".").lower()
    return ClientRefusedError(
        421,
        "unknown_host",
        f"This endpoint does not answer to the name {name}. Allow it with hosts={name}",
    )
