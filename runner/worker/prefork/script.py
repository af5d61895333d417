"""Makes a forked process equivalent to a new Python that starts a script."""

import builtins
import importlib.machinery
import json
import os
import signal
import sys
import types

from ..run import packages
from . import preload, teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Tuple

PACKAGE = __name__.split(".", 1)[0]
_MISSING = object()


class StartScript(BaseException):
    """Unwinds all frames of the worker, so that the script runs at the bottom of the stack.

    Parameters
    ----------
    interpreter : Interpreter
        The state that imports have left.
    argv : list of str
        The command, its first word the environment's Python.
    variables : dict
        All variables of the script.
    """

    def __init__(self, interpreter: "Any", argv: "List[str]", variables: "Dict[str, str]") -> None:
        super().__init__()
        self._interpreter, self._argv, self._variables = interpreter, argv, variables
        self._pid = os.getpid()

    def enter(self) -> "Tuple[Any, Dict[str, Any]]":
        """Remove our traces and return the script's code and the namespace of its ``__main__``."""
        self.__traceback__ = None
        for descriptor in _opened() - self._interpreter.descriptors:
            _close(descriptor)
        path = _absolute(self._argv[1])
        self._interpreter.bytecode.write(os.path.dirname(os.path.realpath(path)))
        _unload_worker_modules([*self._interpreter.own, *self._interpreter.found.newer()])
        try:
            with open(path, "rb") as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
        except Exception:  # a new Python says best what is wrong with it
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.execve(self._argv[0], self._argv, self._variables)
        os.environ.clear()
        os.environ.update(self._variables)
        os.environ.update(self._interpreter.changed)
        sys.argv[:] = self._argv[1:]
        if hasattr(sys, "orig_argv"):
            sys.orig_argv[:] = self._argv
        sys.path[:] = packages.place_in(self._interpreter.path, self._variables)
        if not getattr(sys.flags, "safe_path", False):
            sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
        _reset_process()
        return code, _new_main(path)

    def hide_this_frame(self) -> None:
        """Show an uncaught exception from the script's own frame on."""
        sys.excepthook = _Excepthook(getattr(sys, "excepthook", _MISSING))

    def end(self) -> None:
        """End the process without destroying what the interpreter has imported, if that makes no difference."""
        if os.getpid() == self._pid:
            teardown.end(self._interpreter.found, self._interpreter.unneeded)

    def learn(self) -> None:
        """Record the modules that the script imported, for the next prefork interpreter."""
        target = self._interpreter.learn
        if target is None or os.getpid() != self._pid:
            return
        try:
            if os.path.exists(target) and os.path.getmtime(target) >= self._interpreter.began:
                return  # an earlier script of this interpreter has
            refused = self._interpreter.refused
            new = {name: sys.modules[name] for name in self._interpreter.found.newer()}
            if set(preload.environment_modules(new)) <= self._interpreter.tried.union(refused):
                return
            names = [name for name in preload.environment_modules(sys.modules) if name not in refused]
            temporary = "{}.{}.tmp".format(target, self._pid)
            with open(temporary, "w") as file:
                json.dump({"modules": names, "refused": refused}, file)
            os.rename(temporary, target)
        except Exception:  # the script may have left anything behind; the next run is then no quicker
            return


class _Excepthook:
    """The script's hook, called as Python calls it, but without the lowest frame of the traceback."""

    def __init__(self, hook: "Any") -> None:
        self._hook = hook

    def __call__(self, kind: "Any", error: "Any", trace: "Any") -> None:
        trace = trace.tb_next if trace is not None else None
        error = error.with_traceback(trace)
        if self._hook is _MISSING:
            sys.stderr.write("sys.excepthook is missing\n")
            sys.__excepthook__(kind, error, trace)
            return
        try:
            self._hook(kind, error, trace)
        except SystemExit:
            raise
        except BaseException as second:
            above = second.__traceback__.tb_next if second.__traceback__ is not None else None
            sys.stderr.write("Error in sys.excepthook:\n")
            sys.__excepthook__(type(second), second.with_traceback(above), above)
            sys.stderr.write("\nOriginal exception was:\n")
            sys.__excepthook__(kind, error, trace)


def _opened() -> "Any":
    return {int(name) for name in os.listdir("/proc/self/fd")}


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:  # the listing itself
        return


def is_worker_module(name: str) -> bool:
    """Return whether a module is the worker's."""
    return name.split(".", 1)[0] == PACKAGE


def _unload_worker_modules(names: "Iterable[str]") -> None:
    """Remove the worker's own modules. Modules that these imported stay."""
    for name in filter(is_worker_module, names):
        sys.modules.pop(name, None)


def _absolute(path: str) -> str:
    """Return a script's path as Python itself makes it absolute, which it does since 3.9."""
    if os.path.isabs(path) or sys.version_info < (3, 9):
        return path
    return os.path.join(os.getcwd(), path)


def _new_main(path: str) -> "Dict[str, Any]":
    """Put a new ``__main__`` in place and return its namespace."""
    old = sys.modules["__main__"].__dict__
    module = types.ModuleType("__main__")
    values: "Dict[str, Any]" = {
        "__name__": "__main__",
        "__doc__": None,
        "__package__": None,
        "__loader__": importlib.machinery.SourceFileLoader("__main__", path),
        "__spec__": None,
        "__annotations__": {},
        "__builtins__": builtins,
        "__file__": path,
        "__cached__": None,
    }
    module.__dict__.clear()
    module.__dict__.update((name, value) for name, value in values.items() if name in old)
    sys.modules["__main__"] = module
    return module.__dict__


def _reset_process() -> None:
    """Reseed random generators, and tell multiprocessing about the new process."""
    for name in ("random", "numpy.random"):
        if name in sys.modules:
            sys.modules[name].seed()
    process: "Any" = sys.modules.get("multiprocessing.process")
    if process is not None:
        process.ORIGINAL_DIR = os.getcwd()
        process.current_process().authkey = os.urandom(32)
