"""Where packages come from: the index settings of this process."""

from __future__ import annotations

import os

INDEXES = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX", "UV_KEYRING_PROVIDER")


def index_variables() -> dict[str, str]:
    """Return the variables of this process that say where uv looks for packages."""
    return {name: os.environ[name] for name in INDEXES if os.environ.get(name)}
