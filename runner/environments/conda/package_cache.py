"""The user's cache of conda packages, which all tools based on rattler share. Its entries are checked before use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from runner.io.locks import locked

if TYPE_CHECKING:
    from rattler import RepoDataRecord
    from rattler.package_cache import PackageCache

# Names in rattler's own cache: https://github.com/conda/rattler, crates/rattler_cache
_VARIABLE = "RATTLER_CACHE_DIR"
_PACKAGES = "pkgs"
_LOCK = ".cache.lock"


def cache_folder() -> Path:
    """Return rattler's folder of unpacked packages: ``RATTLER_CACHE_DIR`` if set, else the user's cache."""
    if chosen := os.environ.get(_VARIABLE):
        return Path(chosen) / _PACKAGES
    of_user = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = of_user if of_user.is_absolute() else Path.home() / ".cache"
    return base / "rattler" / "cache" / _PACKAGES


async def package_cache(records: Iterable[RepoDataRecord]) -> PackageCache:
    """Return the cache after removing entries of these packages that are incomplete or have other hashes.

    rattler notes the new hash before it replaces a package that has the same name, version and build. A download that
    fails then leaves the old files under the new hash, and a killed process leaves some of them. Both would be linked
    from then on. So entries to be replaced are removed first, and entries are checked for missing files.
    """
    from rattler.package_cache import PackageCache, ValidationMode

    folder = cache_folder()
    cache = PackageCache.new_layered([folder], validation_mode=ValidationMode.fast())
    if folder.is_dir():
        with locked(folder / _LOCK):  # rattler holds it from the first download to the last link
            index = await cache.index()
            for record in records:
                entry = folder / f"{record.name.normalized}-{record.version}-{record.build}"
                if entry.is_dir() and not index.contains_record(record):
                    _remove(entry)
    return cache


def _remove(entry: Path) -> None:
    """Remove a folder from the cache atomically."""
    aside = Path(tempfile.mkdtemp(prefix=f".{entry.name}", dir=entry.parent))
    entry.rename(aside / entry.name)
    shutil.rmtree(aside)
