"""The package index settings of this process."""

from __future__ import annotations

import os

INDEXES = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_KEYRING_PROVIDER")


def index_variables() -> dict[str, str]:
    """Return this process's variables that tell uv where to find packages."""
    return {name: os.environ[name] for name in INDEXES if os.environ.get(name)}
