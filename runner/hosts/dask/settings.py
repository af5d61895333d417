"""Checks the settings of a Dask cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runner.errors import UserError

_SCHEMES = ("tcp", "tls")


@dataclass(frozen=True)
class DaskSettings:
    """The connection settings of a scheduler.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT`` or ``tls://HOST:PORT``.
    tls : tuple of Path or None
        The CA file, the client certificate and its key.
    """

    address: str
    tls: tuple[Path, Path, Path] | None


def read_settings(config: Any, base: Path) -> DaskSettings:
    """Return the scheduler's connection settings. Relative paths start at `base`.

    Raises
    ------
    UserError
        If a setting is invalid, or Dask's client is not installed.
    """
    if find_spec("distributed") is None:
        raise UserError("compute=dask needs Dask's client", "Install it: pip install 'vivero[dask]'")
    if (config.address is None) == (config.scheduler_file is None):
        raise UserError(
            "compute=dask needs either compute.address or compute.scheduler_file",
            "For example: compute.address=tcp://10.0.0.5:8786",
        )
    if config.address is not None:
        address, setting = str(config.address), "compute.address"
    else:
        address, setting = _from_file(_file(base, config.scheduler_file, "scheduler_file")), "compute.scheduler_file"
    return DaskSettings(_checked(address, setting), _tls(config.tls, base, address))


def _from_file(path: Path) -> str:
    try:
        return str(json.loads(path.read_bytes())["address"])
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        raise UserError(f"compute.scheduler_file: {path} was not written by a Dask scheduler") from None


def _checked(address: str, setting: str) -> str:
    try:
        parts = urlsplit(address)
        if parts.scheme in _SCHEMES and parts.hostname and parts.port:
            return address
    except ValueError:
        pass
    raise UserError(f"{setting}: {address!r} is not a scheduler's address", "Write tcp://HOST:PORT or tls://HOST:PORT")


def _tls(config: Any, base: Path, address: str) -> tuple[Path, Path, Path] | None:
    given = {"ca_file": config.ca_file, "cert": config.cert, "key": config.key}
    missing = [name for name, value in given.items() if value is None]
    if address.startswith("tcp://"):
        if len(missing) < len(given):
            raise UserError(f"compute.tls needs an address that starts with tls://, not {address}")
        return None
    if missing:
        raise UserError(
            f"The address {address} needs compute.tls.{missing[0]}",
            "Set compute.tls.ca_file, compute.tls.cert and compute.tls.key",
        )
    ca_file, cert, key = (_file(base, str(value), f"tls.{name}") for name, value in given.items())
    return ca_file, cert, key


def _file(base: Path, name: str, setting: str) -> Path:
    path = base / Path(name).expanduser()
    if not path.is_file():
        raise UserError(f"compute.{setting}: {path} does not exist")
    return path
