"""Provides pip, as bundled with Python, to environments that were built without it."""

from __future__ import annotations

# `ensurepip` bundles pip as a wheel, which can be run directly; Debian stores it elsewhere.
_MODULE = '''\
"""The pip that comes with this Python, run from its wheel."""

import glob
import importlib
import os
import sys

_folders = ["/usr/share/python-wheels"]
try:
    import ensurepip

    _folders.insert(0, os.path.join(os.path.dirname(ensurepip.__file__), "_bundled"))
except ImportError:
    pass
_wheels = [wheel for folder in _folders for wheel in sorted(glob.glob(os.path.join(folder, "pip-*.whl")))]
if not _wheels:
    sys.exit("pip does not come with this Python: add what the script installs to environment.packages")
sys.path.insert(0, _wheels[0])
del sys.modules[__name__]
importlib.import_module("pip")
'''
_PROGRAM = """\
#!/bin/sh
exec "$(dirname "$0")/python" -m pip "$@"
"""


_WRITE = """\
import importlib.util, os, sys, sysconfig
if importlib.util.find_spec("pip") is None:
    package = os.path.join(sysconfig.get_path("purelib"), "pip")
    os.makedirs(package)
    with open(os.path.join(package, "__init__.py"), "w") as file:
        file.write(sys.argv[1])
    for name in ("pip", "pip3"):
        path = os.path.join(sysconfig.get_path("scripts"), name)
        with open(path, "w") as file:
            file.write(sys.argv[2])
        os.chmod(path, 0o755)
"""


def giving_pip(python: str) -> list[str]:
    """Return the command that makes ``pip`` and ``python -m pip`` work in an environment without pip.

    Parameters
    ----------
    python : str
        The environment's Python.
    """
    return [python, "-c", _WRITE, _MODULE, _PROGRAM]
