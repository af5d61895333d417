"""The platform of a host, to lock packages for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def target_of(facts: Mapping[str, Any]) -> str:
    """Return uv's target platform: the newest manylinux tag (PEP 600) that the host's C library supports."""
    machine, (libc, *version) = str(facts["platform"]).partition("-")[2], str(facts["libc"]).split()
    if libc != "glibc" or not version:
        return f"{machine}-unknown-linux-musl"
    minor = int(version[0].split(".")[1])
    known = [version for version in (17, 28, *range(31, 41)) if version <= minor]
    return f"{machine}-manylinux_2_{known[-1]}" if known else f"{machine}-manylinux2014"
