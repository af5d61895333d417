"""Finds `conf` and `projects`, which are beside the code in a clone and inside the package once installed."""

from __future__ import annotations

from pathlib import Path


def has_options(folder: Path) -> bool:
    """Return whether a folder is a checkout, whose options `python -m runner` reads when it is started there."""
    return (folder / "conf" / "config.yaml").is_file()


_BESIDE = Path(__file__).resolve().parents[2]
IS_CLONE = has_options(_BESIDE)
SHIPPED = _BESIDE if IS_CLONE else _BESIDE / "runner" / "share"  # as pyproject.toml packs them into a wheel
