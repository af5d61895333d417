"""Where a prefork interpreter starts, and the lowest frame of the scripts that it forks.

The name is for Python's warnings: they leave out frames whose file has ``importlib`` and ``_bootstrap`` in its name,
and so do not point here where in a new Python they would find nothing below the script.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

if __name__ == "__main__":
    if getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import prefork

    if sys.argv[1] == "--variables":
        prefork.become(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    del sys.path[0]
    try:
        prefork.serve(int(sys.argv[1]), int(sys.argv[2]))
    except BaseException as begins:
        if type(begins).__name__ != "Begins":
            raise
        script: "Any" = begins
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
