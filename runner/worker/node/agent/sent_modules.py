"""Imports a package from the texts of its modules. This file begins the program that is sent to a node."""

import importlib.abc
import importlib.util
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from typing import Any, Dict, Optional


class SentModules(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads modules among texts.

    Parameters
    ----------
    package : str
        The name of the package.
    texts : dict
        The texts by the modules' names in the package. The package itself is ``__init__``.
    """

    def __init__(self, package: str, texts: "Dict[str, str]") -> None:
        self._package = package
        self._texts = {"{}.{}".format(package, name): text for name, text in texts.items()}
        self._texts[package] = self._texts.pop(package + ".__init__")

    def find_spec(self, fullname: str, path: "Any", target: "Any" = None) -> "Optional[ModuleSpec]":
        """Return the spec of a module that was sent."""
        return importlib.util.spec_from_loader(fullname, self) if fullname in self._texts else None

    def is_package(self, fullname: str) -> bool:
        """Return whether a name is the package's."""
        return fullname == self._package

    def get_source(self, fullname: str) -> str:
        """Return the text of a module."""
        return self._texts[fullname]

    def get_code(self, fullname: str) -> "Any":
        """Return the compiled text, with the module's name for tracebacks."""
        return self.source_to_code(self.get_source(fullname), fullname)


def load_sent(package: str, texts: "Dict[str, str]", module: str) -> "Any":
    """Return a module of a package that was sent."""
    sys.meta_path.insert(0, SentModules(package, texts))
    return importlib.import_module("{}.{}".format(package, module))
