"""What takes long to make and depends on its content only is kept between runs, outside of each run's folder.

Several workers and several runs share it. Delete the folder, ``~/.cache/vivero-ci`` unless ``XDG_CACHE_HOME`` says
otherwise, and everything is made anew.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from runner.io.files import locked

VARIABLE = "VIVERO_TEST_CACHE"


def outside(name: str) -> Path:
    """Return a program's folder in the cache of whoever starts the tests, as their variables say it now."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", name)


def folder(*names: str) -> Path:
    """Return a folder of our cache, which is made; HOME is another one in a test."""
    found = Path(os.environ.get(VARIABLE) or outside("vivero-ci"), *names)
    found.mkdir(parents=True, exist_ok=True)
    return found


def key(*parts: str) -> str:
    """Return what names content that depends on some texts, and on the Python that runs."""
    return hashlib.sha256("\n".join([sys.version, sys.base_prefix, *parts]).encode()).hexdigest()[:16]


def kept(kind: str, parts: Iterable[str], make: Callable[[Path], None]) -> Path:
    """Return a folder that depends on some texts, made by one process once: aside, then renamed."""
    name = key(*parts)
    target = folder(kind) / name
    if not target.exists():
        with locked(folder(kind) / f"{name}.lock"):
            if not target.exists():
                for left in folder(kind).glob(f"{name}.*/"):  # by one that was killed
                    shutil.rmtree(left, ignore_errors=True)
                aside = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=folder(kind)))
                aside.chmod(0o755)  # it may be the root of a node, for all of its users
                try:
                    make(aside)
                    aside.rename(target)
                except BaseException:
                    shutil.rmtree(aside, ignore_errors=True)
                    raise
    return target
