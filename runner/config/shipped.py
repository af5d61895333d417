"""Finds `conf` and `projects`, which are beside the code in a clone and inside the package once installed."""

from __future__ import annotations

from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2]
IS_CLONE = (_BESIDE / "conf" / "config.yaml").is_file()
SHIPPED = _BESIDE if IS_CLONE else _BESIDE / "runner" / "share"  # as pyproject.toml packs them into a wheel
