"""Secrets for builds that must not end up in images: index addresses, passwords, certificates."""

from __future__ import annotations

import os
from pathlib import Path

from runner.environments.requirements.indexes import INDEXES

_PIP_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def variables(*, pip: bool = False) -> dict[str, str]:
    """Return the index and proxy variables of this process, optionally with pip's."""
    names = (*INDEXES, *_PROXIES, *(_PIP_INDEXES if pip else ()))
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def files() -> dict[str, Path]:
    """Return the existing ``certificates`` and ``netrc`` files."""
    secrets = {}
    certificates = os.environ.get("SSL_CERT_FILE")
    if certificates and Path(certificates).is_file():
        secrets["certificates"] = Path(certificates).resolve()
    netrc = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    if netrc.is_file():
        secrets["netrc"] = netrc.resolve()
    return secrets
