"""Caches results that take long to build and depend only on their content. They outlive a test run.

Several workers and runs share the cache. To rebuild everything, delete its folder: ``~/.cache/vivero-ci``, or as
``XDG_CACHE_HOME`` says.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from runner.io.locks import locked

VARIABLE = "VIVERO_TEST_CACHE"


def outside(name: str) -> Path:
    """Return a program's folder in the cache of the user who runs the tests, according to the current variables."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", name)


def folder(*names: str) -> Path:
    """Return a folder of the cache, and create it. It is the same in a test, where HOME is another."""
    path = Path(os.environ.get(VARIABLE) or outside("vivero-ci"), *names)
    path.mkdir(parents=True, exist_ok=True)
    return path


def key(*parts: str) -> str:
    """Return a cache key for texts and the running Python."""
    return hashlib.sha256("\n".join([sys.version, sys.base_prefix, *parts]).encode()).hexdigest()[:16]


def kept(kind: str, parts: Iterable[str], make: Callable[[Path], None]) -> Path:
    """Return a cached folder that depends on texts. One process builds it under a temporary name and renames it."""
    name = key(*parts)
    target = folder(kind) / name
    if not target.exists():
        with locked(folder(kind) / f"{name}.lock"):
            if not target.exists():
                for left in folder(kind).glob(f"{name}.*/"):  # left by a killed process
                    shutil.rmtree(left, ignore_errors=True)
                aside = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=folder(kind)))
                aside.chmod(0o755)  # it may be the root of a node, for all its users
                try:
                    make(aside)
                    aside.rename(target)
                except BaseException:
                    shutil.rmtree(aside, ignore_errors=True)
                    raise
    return target
