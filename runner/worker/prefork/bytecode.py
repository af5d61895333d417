"""Compiles the modules beside a script once, instead of anew in each forked script.

Every run has a copy of its source, so Python finds no bytecode beside it. The interpreter compiles the modules without
executing them, and each script's copy gets the files that Python would write. Python itself compares them with the
hash of the source (PEP 552), so they are used only for the source that they were compiled from.
"""

import importlib.util
import marshal
import os
import sys
import warnings

from ..script_imports import files_beside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Optional

_CHECKED_HASH = 0b11  # the file has the hash of the source, which is checked
_LARGEST = 4 << 20  # bytes of a source


class Bytecode:
    """The bytecode of the modules beside a script.

    Parameters
    ----------
    script : str
        The path of the script, in a run's copy of the source.
    """

    def __init__(self, script: str) -> None:
        self._files: "Dict[str, bytes]" = {}
        if sys.version_info < (3, 7) or sys.dont_write_bytecode or getattr(sys, "pycache_prefix", None):
            return
        folder = os.path.dirname(os.path.abspath(script))
        for path in files_beside(script):
            content = _compiled(path)
            if content is not None:
                self._files[os.path.relpath(path, folder)] = content

    def write(self, folder: str) -> None:
        """Write the files for another copy of the source, as far as that is possible."""
        for name, content in self._files.items():
            source = os.path.join(folder, name)
            try:
                if os.path.isfile(source):
                    _write(importlib.util.cache_from_source(source), content)
            except OSError:  # the import compiles it
                return


def _write(path: str, content: bytes) -> None:
    """Write a file at once, because another process of the run may import it at the same time."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = "{}.{}".format(path, os.getpid())
    with open(temporary, "xb") as file:
        file.write(content)
    os.rename(temporary, path)


def _compiled(path: str) -> "Optional[bytes]":
    """Return the content of a source's bytecode file, or None if the import itself should report something."""
    try:
        with open(path, "rb") as file:
            source = file.read(_LARGEST + 1)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            code = compile(source, path, "exec", dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if said or len(source) > _LARGEST:
        return None
    check = importlib.util.source_hash(source) if sys.version_info >= (3, 7) else b""
    return importlib.util.MAGIC_NUMBER + _CHECKED_HASH.to_bytes(4, "little") + check + marshal.dumps(code)
