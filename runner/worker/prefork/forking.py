"""Forks a worker from a prefork interpreter, and a script from the worker: two forks instead of two new Pythons."""

import os
import resource  # noqa: F401 - `os.wait4` needs it, and each worker would load it again
import select
import signal
import sys
import time
import traceback
import warnings

from .. import job_order
from ..run import lifecycle, processes
from . import script, teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Set

    from .bytecode import Bytecode

_WARNS: bool = sys.version_info >= (3, 12)
_HELD_BACK = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


def fork() -> int:
    """Fork, without the warning that threads of a numerical library cause: they are stopped for it."""
    if not _WARNS:
        return os.fork()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


class Child:
    """A forked process with the interface that the supervisor needs."""

    def __init__(self, pid: int) -> None:
        self.pid, self.returncode = pid, None  # type: int, Any


class Interpreter:
    """The state of the interpreter after the imports, with which every script starts.

    Parameters
    ----------
    first : dict
        The controller's first line: the program, the controller's variables, and a run's folder.
    ours : set of int
        Descriptors that do not belong to the script.
    lifeline : int
        The reading end of a pipe that closes when the controller dies.
    unneeded : callable
        Our exit function, for scripts that must end through Python's own shutdown.
    bytecode : Bytecode
        That of the modules beside the script.
    """

    def __init__(
        self,
        first: "Dict[str, Any]",
        ours: "Set[int]",
        lifeline: int,
        unneeded: "Any",
        bytecode: "Bytecode",
    ) -> None:
        self.path, self.learn = list(sys.path), None  # type: List[str], Any
        self.began = time.time()
        # Modules of the standard library that we import stay in the script, which did not import them.
        kept = {name: module for name, module in sys.modules.items() if not script.is_worker_module(name)}
        self.own = [
            name for name in sys.modules if script.is_worker_module(name)
        ]  # after a fork this would copy memory
        self.found, self.unneeded, self.bytecode = teardown.InitialModules(kept), unneeded, bytecode
        self._packages = {name.split(".")[0] for name in kept}
        self.tried, self.refused = set(first["modules"]), first["refused"]
        self.descriptors = _descriptors() - ours
        self._python, self._lifeline = first["python"], lifeline
        order = job_order.read(first["run"])
        variables = processes.script_variables(first["environ"], order, first["run"])
        self._given = processes.common_variables(variables)
        # What Python itself and the imported libraries changed; a script's own imports would have done the same.
        self.changed = {name: value for name, value in os.environ.items() if self._given.get(name) != value}

    def work(self, order: "Dict[str, Any]") -> None:
        """Run the worker of one run; does not return."""
        code = 1
        try:
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _redirect(os.devnull, order["log"])
            os.chdir(order["run"])
            self.learn = order["learn"]
            code = lifecycle.carry_out(order["run"], self._controller_is_gone, order["environ"], self.start)
        except Exception:  # an internal error: worker.log has it, and the exit code shows it
            traceback.print_exc()
        _flush()
        os._exit(code)

    def _controller_is_gone(self) -> bool:
        return bool(select.select([self._lifeline], [], [], 0)[0])

    def start(self, argv: "List[str]", **options: "Any") -> "Any":
        """Start a script, forked if that is indistinguishable from a new Python."""
        if not self._fits(argv, options["cwd"], options["env"]):
            return processes.start(argv, **options)
        _flush()
        parent = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)  # a signal for the child must find it reset
        pid = fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return Child(pid)
        try:
            processes.die_with_parent(parent)
            os.setsid()
            os.chdir(options["cwd"])
            for number, descriptor in enumerate((_null(), options["stdout"], options["stderr"])):
                os.dup2(descriptor, number)
            _reset_signals(before)
        except BaseException:
            traceback.print_exc()
            os._exit(255)
        raise script.StartScript(self, argv, options["env"])

    def _fits(self, argv: "List[str]", cwd: str, variables: "Dict[str, str]") -> bool:
        if len(argv) < 2 or argv[0] != self._python or not argv[1].endswith(".py"):
            return False
        if processes.common_variables(variables) != self._given or os.path.exists(os.path.join(cwd, "matplotlibrc")):
            return False
        path = os.path.join(cwd, argv[1])
        if os.path.islink(path):  # Python looks for modules beside what the link leads to
            path = os.path.realpath(path)
        return os.path.isfile(path) and not self._hides_a_module(os.path.dirname(path))

    def _hides_a_module(self, folder: str) -> bool:
        """Return whether the script's folder has a module that would shadow an imported one."""
        for entry in os.listdir(folder):
            name, suffix = os.path.splitext(entry)
            is_package = not suffix and os.path.exists(os.path.join(folder, entry, "__init__.py"))
            if (suffix in (".py", ".so", ".pyc") or is_package) and name.split(".")[0] in self._packages:
                return True
        return False


def _descriptors() -> "Set[int]":
    descriptors = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            os.fstat(int(name))
        except OSError:  # that of the listing itself
            continue
        descriptors.add(int(name))
    return descriptors


def _null() -> int:
    return os.open(os.devnull, os.O_RDWR)


def _redirect(given: str, log: str) -> None:
    source = os.open(given, os.O_RDONLY)
    target = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o664)
    for number, descriptor in enumerate((source, target, target)):
        os.dup2(descriptor, number)
    os.close(source)
    os.close(target)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _reset_signals(mask: "Any") -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
