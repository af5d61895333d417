"""Paths of the worker's own folders."""

import os

WORKER = os.path.dirname(os.path.abspath(__file__))
BOOTSTRAP = os.path.join(WORKER, "importlib_bootstrap.py")
SHIMS, ARGV, BEFORE_PIP = (os.path.join(WORKER, name) for name in ("shims", "argv", "before_pip"))
