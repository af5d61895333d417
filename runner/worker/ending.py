"""The end of a forked script: what it made is destroyed as an ending Python does it, what it found is left alone.

Python itself would take apart all that the warm interpreter has imported, and for that copy most of the memory that
the two share. The order is that of ``Py_FinalizeEx`` and ``finalize_modules`` in CPython's ``pylifecycle.c``.
"""

import atexit
import ctypes
import gc
import sys
import threading
import weakref

import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

_LEAVE: "Any" = ctypes.PyDLL(None).exit  # C's: libraries have said what they have to do, and print buffers of theirs
_STREAMS = ("stdin", "stdout", "stderr")
_GONE_FROM_SYS = ("path", "argv", "ps1", "ps2", "last_type", "last_value", "last_traceback", "path_hooks")
_GONE_FROM_SYS += ("path_importer_cache", "meta_path", "__interactivehook__")


def sizes(modules: "Dict[str, Any]") -> "Dict[str, int]":
    """Return how many names each module has; those that come later come last in it."""
    return {name: len(getattr(module, "__dict__", ())) for name, module in modules.items()}


def end(found: "Dict[str, int]") -> None:
    """End a process that has succeeded as Python would; return only if Python itself has to do it.

    Parameters
    ----------
    found : dict
        The modules that were there before the script, and how many names they had.
    """
    if sys.version_info < (3, 10):  # exit functions were called in another way
        return
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        if _thread._count() or threading.active_count() > 1:  # they would go on, and meet what is half destroyed
            return
        atexit._run_exitfuncs()
        _flush()
    except BaseException:  # Python meets it again, and says it as it does
        return
    if gc.isenabled():
        gc.collect()
    _destroy(found)
    gc.collect()
    try:
        _flush()
    except BaseException:
        return
    _LEAVE(0)


def _flush() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)
        if stream is not None and not stream.closed:
            stream.flush()


def _destroy(found: "Dict[str, int]") -> None:
    """Let go of modules, then of the names of those that something still holds, the latest first."""
    for name in _GONE_FROM_SYS:
        if hasattr(sys, name):
            setattr(sys, name, None)
    for name in _STREAMS:
        setattr(sys, name, getattr(sys, "__" + name + "__"))
    kept = list(sys.modules.items())
    old = [(name, module) for name, module in kept if name in found and name != "__main__"]
    new = [(name, _reference(module)) for name, module in kept if name not in found or name == "__main__"]
    del kept
    module: "Any" = None
    sys.modules.clear()
    gc.collect()
    for name, reference in reversed(new):
        module = reference()
        if module is not None:
            _clear(module.__dict__, list(module.__dict__))
    for name, module in old:
        names = getattr(module, "__dict__", {})
        if len(names) > found[name]:
            _clear(names, list(names)[found[name] :])


def _reference(module: "Any") -> "Any":
    try:
        return weakref.ref(module)
    except TypeError:
        return lambda: None


def _clear(names: "Dict[str, Any]", which: "List[str]") -> None:
    """Set names to None, those of one underscore first, as ``_PyModule_Clear`` does."""
    for own in (True, False):
        for name in which:
            if isinstance(name, str) and (name[:1] == "_" and name[1:2] != "_") == own and name != "__builtins__":
                names[name] = None
