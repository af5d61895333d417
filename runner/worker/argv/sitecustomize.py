"""Restores masked words of a script's command line, which other users could read in the process list.

Python imports this at startup, from a folder that only such a script has on its path. It then imports the module that
it shadows.
"""

import os
import sys


def _take_words():
    import json

    argv = json.loads(os.environ.pop("VIVERO_ARGV"))
    words = len(sys.argv) - 1
    sys.argv[1:] = argv[len(argv) - words :] if words else []
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    kept = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry != folder]
    os.environ["PYTHONPATH"] = os.pathsep.join(kept)


if "VIVERO_ARGV" in os.environ:
    _take_words()
    _ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401 - the one that there would be without us
    except ImportError:
        sys.modules["sitecustomize"] = _ours  # Python looks for what it has just imported
