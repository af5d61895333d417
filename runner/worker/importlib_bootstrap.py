"""Starts a program of the worker: ``python importlib_bootstrap.py PROGRAM ARGUMENT...``.

A program is a module with a ``main``, such as ``run.lifecycle``. All modules belong to one package, which has a private
name and whose folder is not on ``sys.path``, so our modules and the user's cannot hide each other.

This file is also the lowest frame of scripts that a prefork interpreter forks. Its name is for Python's warnings, which
skip frames whose file name contains ``importlib`` and ``_bootstrap``. They then report the same line as in a new
Python, where there is no frame below the script.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PACKAGE = "_vivero_worker"


def load(folder: str, module: str) -> "Any":
    """Return a module of the worker in a folder."""
    if PACKAGE not in sys.modules:
        package: "Any" = type(sys)(PACKAGE)
        package.__path__ = [folder]
        sys.modules[PACKAGE] = package
    return __import__(PACKAGE + "." + module, fromlist=["main"])


if __name__ == "__main__":
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    script: "Any" = None
    try:
        sys.exit(load(os.path.dirname(os.path.abspath(__file__)), sys.argv[1]).main(sys.argv[2:]))
    except BaseException as begins:
        if type(begins).__name__ != "StartScript":
            raise
        script = begins
    # From here on this is the script's process, and all frames but this one are gone.
    code, namespace = script.enter()
    try:
        exec(code, namespace)
    except SystemExit as leaving:
        if leaving.code is not None and (type(leaving.code) is not int or leaving.code != 0):
            raise
    except BaseException:
        script.hide_this_frame()
        raise
    finally:
        script.learn()
        code = namespace = None  # what the script made is then destroyed when Python destroys its `__main__`
    script.end()
