"""The user's cache of conda packages, shared with every tool that uses rattler, and what in it must not be used."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from runner.io.files import locked

if TYPE_CHECKING:
    from rattler import RepoDataRecord
    from rattler.package_cache import PackageCache

# The names rattler gives them in its own cache: https://github.com/conda/rattler, crates/rattler_cache
_VARIABLE = "RATTLER_CACHE_DIR"
_PACKAGES = "pkgs"
_LOCK = ".cache.lock"


def cache_folder() -> Path:
    """Return where rattler keeps unpacked packages: ``RATTLER_CACHE_DIR`` if set, else the user's cache."""
    if chosen := os.environ.get(_VARIABLE):
        return Path(chosen) / _PACKAGES
    of_user = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = of_user if of_user.is_absolute() else Path.home() / ".cache"
    return base / "rattler" / "cache" / _PACKAGES


async def package_cache(records: Iterable[RepoDataRecord]) -> PackageCache:
    """Return the cache, which has these packages whole and as they are asked for, or does not have them.

    rattler notes the new hash before it replaces a package that has the same name, version and build. A download that
    fails then leaves the old files under the new hash, and a killed process leaves some of them; both would be linked
    from then on. So what is to be replaced is removed first, and files that are missing are looked for.
    """
    from rattler.package_cache import PackageCache, ValidationMode

    folder = cache_folder()
    cache = PackageCache.new_layered([folder], validation_mode=ValidationMode.fast())
    if folder.is_dir():
        with locked(folder / _LOCK):  # rattler has it from the first download to the last link
            index = await cache.index()
            for record in records:
                entry = folder / f"{record.name.normalized}-{record.version}-{record.build}"
                if entry.is_dir() and not index.contains_record(record):
                    _remove(entry)
    return cache


def _remove(entry: Path) -> None:
    """Remove a folder from the cache in one step, whenever the process ends."""
    aside = Path(tempfile.mkdtemp(prefix=f".{entry.name}", dir=entry.parent))
    entry.rename(aside / entry.name)
    shutil.rmtree(aside)
