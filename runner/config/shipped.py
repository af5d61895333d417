"""Where `conf` and `projects` are, which come with vivero: beside its code in a clone, inside of it once installed."""

from __future__ import annotations

from pathlib import Path

_BESIDE = Path(__file__).resolve().parents[2]
IS_CLONE = (_BESIDE / "conf" / "config.yaml").is_file()
SHIPPED = _BESIDE if IS_CLONE else _BESIDE / "runner" / "share"  # as pyproject.toml puts them into a wheel
