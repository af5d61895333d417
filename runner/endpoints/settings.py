"""Checks an endpoint's settings. Each mistake gets one line."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable

from runner.config.endpoint_settings import ACCELERATORS, KINDS, RESTARTS, EndpointSettings
from runner.errors import UserError

_OF_CONTAINERS = ("base_image", "restart", "cpu", "memory", "network")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?", re.ASCII)
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_MEMORY = re.compile(r"[1-9][0-9]{0,14}[bkmg]?", re.ASCII)
# An image reference in the engine's syntax: host, path, tag and digest. It can't become an option or a Dockerfile line.
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,254}(@sha256:[0-9a-f]{64})?", re.ASCII)


def check_settings(settings: EndpointSettings) -> None:
    """Check the settings of an endpoint.

    Raises
    ------
    UserError
        If one is not valid.
    """
    _check_words(settings)
    _check_hosts(settings)
    if not 0 <= settings.port <= 65535:
        raise UserError(f"port={settings.port} is not a port number", "Use 0 to 65535; 0 takes a free one")
    for name in ("workers", "threads", "max_rows", "queue", "large_rows"):
        if getattr(settings, name) < 1:
            raise UserError(f"{name}={getattr(settings, name)} is less than 1")
    for name in ("timeout", "stop_timeout", "poll", "max_megabytes", "log_megabytes"):
        value = getattr(settings, name)
        if not (value > 0 and math.isfinite(value)):
            raise UserError(f"{name}={value:g} is not a number above 0")
    if settings.max_megabytes_at_once < settings.max_megabytes:
        raise UserError(
            f"max_megabytes_at_once={settings.max_megabytes_at_once:g} is less than max_megabytes",
            f"Set it to {settings.max_megabytes:g} or more",
        )
    if not 0 <= settings.log_payloads <= 1:
        raise UserError(f"log_payloads={settings.log_payloads:g} is not a share between 0 and 1")
    (_check_container if settings.kind == "docker" else _check_local)(settings)


def _check_words(settings: EndpointSettings) -> None:
    if settings.kind not in KINDS:
        raise UserError(f"kind={settings.kind} is not known", f"Use {' or '.join(KINDS)}")
    if settings.auth not in (None, "key", "none"):
        raise UserError(f"auth={settings.auth} is not known", "Use key or none")
    if settings.accelerate not in (None, *ACCELERATORS):
        raise UserError(f"accelerate={settings.accelerate} is not known", f"Use {' or '.join(ACCELERATORS)}, or null")


def _check_hosts(settings: EndpointSettings) -> None:
    if _HOST.fullmatch(settings.host) is None and not _is_address(settings.host):
        raise UserError(f"host={settings.host!r} is not a name or an address", "Write it without http:// and port")
    for host in settings.hosts:
        if host != "*" and _HOST.fullmatch(host) is None:
            raise UserError(
                f"hosts: {host!r} is not a name", "Write it without http:// and port, such as models.example.org"
            )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _check_local(settings: EndpointSettings) -> None:
    usual = EndpointSettings()
    for name in _OF_CONTAINERS:
        if getattr(settings, name) != getattr(usual, name):
            raise UserError(f"{name}={getattr(settings, name)} works only with kind=docker", "Set kind=docker too")


def _check_container(settings: EndpointSettings) -> None:
    if settings.restart not in RESTARTS:
        raise UserError(f"restart={settings.restart} is not known", f"Use {', '.join(RESTARTS)}")
    if settings.cpu is not None and not (settings.cpu > 0 and math.isfinite(settings.cpu)):
        raise UserError(f"cpu={settings.cpu:g} is not a number above 0")
    _matches(settings, "memory", _MEMORY.fullmatch, "Write a number and b, k, m or g, such as 512m")
    _matches(settings, "network", _NETWORK.fullmatch, "Use bridge, host, or the name of one of the engine's networks")
    _matches(settings, "base_image", is_image, "Write an image's name, such as python:3.11-slim-bookworm")
    if settings.network == "none":
        raise UserError(
            "With network=none, clients could not reach the endpoint", "The model's server never has a network"
        )
    if settings.allow_version_mismatch:
        raise UserError(
            "allow_version_mismatch=true works only with kind=local", "A container has the model's own packages"
        )
    published(settings)


def _matches(settings: EndpointSettings, name: str, check: Callable[[str], object], hint: str) -> None:
    value = getattr(settings, name)
    if value is not None and not check(value):
        raise UserError(f"{name}={value!r} is not valid", hint)


def is_image(reference: str) -> bool:
    """Return whether a text is a valid image name."""
    return _IMAGE.fullmatch(reference) is not None


def published(settings: EndpointSettings) -> str:
    """Return the address for the engine to publish at, which must be numeric.

    Raises
    ------
    UserError
        If the host is a name.
    """
    host = "127.0.0.1" if settings.host == "localhost" else settings.host
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise UserError(
            f"host={settings.host!r} is not an IP address, which kind=docker needs", "Use 0.0.0.0"
        ) from None


def same_kind(settings: EndpointSettings, served: EndpointSettings, name: str) -> None:
    """Check that a running endpoint keeps its kind.

    Raises
    ------
    UserError
        If the kinds differ.
    """
    if settings.kind != served.kind:
        raise UserError(
            f"Endpoint {name} is served with kind={served.kind}, not {settings.kind}",
            f"Stop it first: vivero stop {name}",
        )
