"""Gives a script its command's words, of which its process shows some masked: everybody can read those of a process.

Python imports this as it begins, from a folder that only such a script has on its path, and then the module that it is
in front of.
"""

import os
import sys


def _take_words():
    import json

    argv = json.loads(os.environ.pop("VIVERO_ARGV"))
    words = len(sys.argv) - 1
    sys.argv[1:] = argv[len(argv) - words :] if words else []
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [one for one in sys.path if os.path.abspath(one) != folder]
    kept = [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one and one != folder]
    os.environ["PYTHONPATH"] = os.pathsep.join(kept)


if "VIVERO_ARGV" in os.environ:
    _take_words()
    _ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401 - the one that there would be without us
    except ImportError:
        sys.modules["sitecustomize"] = _ours  # Python looks for what it has just imported
