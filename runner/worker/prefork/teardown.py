"""Ends a forked script: destroys its objects as Python does at exit, and leaves the interpreter's alone.

Python itself would also destroy everything that the prefork interpreter has imported, which copies most of the memory
that the two share. The order is that of ``Py_FinalizeEx`` and ``finalize_modules`` in CPython's ``pylifecycle.c``.
"""

import _io
import _thread
import array
import atexit
import ctypes
import gc
import sys
import threading
import traceback
import types
import weakref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterator, List, Tuple

_LEAVE: "Any" = ctypes.PyDLL(None).exit  # C's exit: runs the exit handlers of libraries and flushes their buffers
_LARGE = frozenset(["numpy", "scipy", "sklearn", "pandas", "pyarrow", "matplotlib", "joblib", "PIL"])
_STREAMS = ("stdin", "stdout", "stderr")
_GONE_FROM_SYS: "Tuple[str, ...]" = (
    "path",
    "argv",
    "ps1",
    "ps2",
    "last_type",
    "last_value",
    "last_traceback",
    "path_hooks",
    "path_importer_cache",
    "meta_path",
    "__interactivehook__",
)


class InitialModules:
    """The modules that exist before a script starts.

    Touching a Python object writes to it, which makes a forked process copy its memory page. The number of names in
    each module is therefore read directly from the dict's memory, after its header (``PyDictObject.ma_used``).
    """

    def __init__(self, modules: "Dict[str, Any]") -> None:
        self._spaces = [_namespace(module) for module in modules.values() if isinstance(module, types.ModuleType)]
        places = [id(space) + object.__basicsize__ for space in self._spaces]
        self._counts = [ctypes.c_ssize_t.from_address(place) for place in places]
        self._sizes = array.array("q", [len(space) for space in self._spaces])
        self._names = modules
        self.readable = all(count.value == size for count, size in zip(self._counts, self._sizes))

    def grown_namespaces(self) -> "Iterator[Tuple[Dict[str, Any], int]]":
        """Yield the namespaces of modules that have more names than before, and how many they had."""
        for at, (count, size) in enumerate(zip(self._counts, self._sizes)):
            if count.value > size:
                yield self._spaces[at], size

    def newer(self) -> "Iterator[str]":
        """Yield the names of modules that were imported since, the latest first."""
        for name in reversed(sys.modules if sys.version_info >= (3, 8) else list(sys.modules)):
            if name in self._names:
                return
            yield name


def keep_libraries() -> None:
    """Don't destroy large libraries in a process that ends through Python's own exit.

    This is the first exit function registered, so Python calls it last. The script's objects, including those in its
    own modules and other packages, are destroyed as usual.
    """
    kept = {name: module for name, module in sys.modules.items() if name.split(".", 1)[0] in _LARGE}
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))  # never freed
    for name in kept:
        del sys.modules[name]


def end(modules: InitialModules, unneeded: "Any") -> None:
    """End a process that has succeeded as Python would; return only if Python itself has to do it.

    Parameters
    ----------
    modules : InitialModules
        The modules that were there before the script.
    unneeded : callable
        An exit function that only Python's own end needs.
    """
    if sys.version_info < (3, 10) or not modules.readable:  # exit functions were called in another way
        return
    atexit.unregister(unneeded)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _without_our_frames
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        if _thread._count() or threading.active_count() > 1:  # they would continue and find half-destroyed objects
            return
        atexit._run_exitfuncs()
        _flush()
    except BaseException:  # Python raises it again and reports it
        return
    try:
        if gc.isenabled():
            gc.collect()
        _destroy(modules)
        gc.collect()
        _close_files()
    except Exception:  # the script has succeeded, so an error during teardown is not its fault
        traceback.print_exc()
    try:
        _flush()
    except BaseException:
        return
    _LEAVE(0)


def _close_files() -> None:
    """Flush files that older objects still reference, such as a library's list."""
    files = [obj for obj in gc.get_objects() if issubclass(type(obj), _io._IOBase)]  # none from before: they are frozen
    for kind in (_io._TextIOBase, _io._BufferedIOBase):  # from the outside to the inside
        for file in reversed(files):
            if issubclass(type(file), kind):
                try:
                    file.close()
                except Exception:  # Python does not report it either
                    continue


def _without_our_frames(unraisable: "Any") -> None:
    """Show an error of C code, which Python blames on the frame that runs: at its own end none does."""
    kind, value, trace, message, culprit = unraisable
    if trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = None
    sys.__unraisablehook__(type(unraisable)((kind, value, trace, message, culprit)))


def _flush() -> None:
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name, None)
        if stream is not None and not stream.closed:
            stream.flush()


def _destroy(modules: InitialModules) -> None:
    """Let go of modules, then of the names of those that something still holds, the latest first."""
    for name in _GONE_FROM_SYS:
        if hasattr(sys, name):
            setattr(sys, name, None)
    for name in _STREAMS:
        setattr(sys, name, getattr(sys, "__" + name + "__"))
    sys.modules.pop("io", None)  # with which Python would show the source of errors: at its own end it cannot
    new = [_reference(sys.modules.pop(name)) for name in [*modules.newer(), "__main__"] if name in sys.modules]
    gc.collect()
    module: "Any" = None
    for reference in new:
        module = reference()
        if isinstance(module, types.ModuleType):  # typing.io is a class, and libraries put objects of theirs there
            space = _namespace(module)
            _clear(space, list(space))
    for space, size in modules.grown_namespaces():
        _clear(space, list(space)[size:])


def _namespace(module: "Any") -> "Dict[str, Any]":
    """Return a module's own namespace, even if its class overrides ``__dict__``."""
    getter: "Any" = vars(types.ModuleType)["__dict__"]
    space: "Dict[str, Any]" = getter.__get__(module)
    return space


def _reference(module: "Any") -> "Any":
    try:
        return weakref.ref(module)
    except TypeError:
        return lambda: None


def _clear(names: "Dict[str, Any]", which: "List[str]") -> None:
    """Set names to None, those with one underscore first, like ``_PyModule_Clear``."""
    for private in (True, False):
        for name in which:
            if isinstance(name, str) and (name[:1] == "_" and name[1:2] != "_") == private and name != "__builtins__":
                names[name] = None
