"""Starts a program of the worker: ``python importlib_bootstrap.py PROGRAM ARGUMENT...``.

A program is a module with a ``main``, such as ``run.lifecycle``. The modules are those of one package, whose name no
package of a user has, and whose folder is not on ``sys.path``: none of ours can hide one of the user's, nor one of the
user's ours.

This is also the lowest frame of the scripts that a prefork interpreter forks. The file's name is for Python's warnings:
they leave out frames whose file has ``importlib`` and ``_bootstrap`` in its name, and so do not point here where in a
new Python they would find nothing below the script.
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
        if type(begins).__name__ != "Begins":
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
