"""Imports modules logged with a model only from verified bytes, whatever put their folder on ``sys.path``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any


def import_verified(folder: Path, verified: Callable[[str], bytes]) -> None:
    """Let Python import the modules below a folder, now and later, only if their bytes are verified.

    Bytecode is neither read nor written there: it was not registered.

    Parameters
    ----------
    folder : Path
        The model's folder.
    verified : callable
        Takes a file's path in the folder. Returns its bytes, or raises if they differ from the registered ones.
    """

    def read(path: str) -> bytes:
        return verified(Path(path).relative_to(folder).as_posix())

    class Source(SourceFileLoader):
        def path_stats(self, path: str) -> Any:
            raise OSError(f"{path}: no bytecode is used")

        def get_data(self, path: str) -> bytes:
            return read(path)

    class Extension(ExtensionFileLoader):
        def create_module(self, spec: ModuleSpec) -> ModuleType:
            read(self.path)
            return super().create_module(spec)

    def hook(path: str) -> FileFinder:
        if not Path(path).is_relative_to(folder):
            raise ImportError(f"{path} is not in {folder}")
        return FileFinder(path, (Extension, EXTENSION_SUFFIXES), (Source, [".py"]))

    sys.path_hooks.insert(0, hook)
