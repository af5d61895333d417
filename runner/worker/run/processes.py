"""The script and all processes it starts: variables, start, descendants, end."""

import json
import os
import signal
import subprocess
import sys
import time

from ..job_order import TRAINING, data_variable
from ..layout import ARGV, MLFLOW, SHIMS
from . import packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional

    from ..job_order import JobOrder

_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36
_UNKILLABLE = 10.0  # seconds after which a process that survives SIGKILL is left to the system
PER_RUN = (
    "VIVERO_RUN_DIR",
    "VIVERO_RUN_ID",
    "AZUREML_RUN_ID",
    "VIVERO_EXPERIMENT",
    "VIVERO_RUN_NUMBER",
    "VIVERO_DISPLAY_NAME",
    "MLFLOW_TRACKING_URI",
    TRAINING,
)
_OF_DATA = tuple(data_variable(kind, "") for kind in ("input", "output"))
_SAFE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~"


def script_variables(base: "Dict[str, str]", order: "JobOrder", run_dir: str) -> "Dict[str, str]":
    """Return the script's environment variables: the base, what we add, then the user's (None unsets)."""
    variables = dict(base)
    outer = variables.get("VIVERO_RUN_DIR")
    if outer and variables.get("MLFLOW_TRACKING_URI") == file_uri(os.path.join(outer, MLFLOW)):
        del variables["MLFLOW_TRACKING_URI"]  # a run that starts a run: ours, not the user's
    variables.setdefault("MLFLOW_TRACKING_URI", file_uri(os.path.join(run_dir, MLFLOW)))
    variables.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    # A server that does not answer is reported within seconds. With MLflow's defaults, a script waits for minutes.
    variables.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    variables.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    variables["PYTHONUNBUFFERED"] = "1"
    variables = _without_data(variables)  # of a run that starts a run
    for kind, places in (("input", order.inputs), ("output", order.outputs or {})):
        variables.update((data_variable(kind, name), path) for name, path in places.items())
    for name, value in order.variables.items():
        if value is None:
            variables.pop(name, None)
        else:
            variables[name] = value
    inherited = [item for item in variables.get("PYTHONPATH", "").split(os.pathsep) if item and item != SHIMS]
    variables["PYTHONPATH"] = os.pathsep.join([SHIMS, *inherited])
    packages.add(variables, order, run_dir)
    variables["VIVERO_RUN_DIR"] = run_dir
    variables["VIVERO_RUN_ID"] = variables["AZUREML_RUN_ID"] = str(order.run_id)
    variables["VIVERO_EXPERIMENT"] = str(order.experiment)
    variables["VIVERO_RUN_NUMBER"] = str(order.number)
    if order.display_name:
        variables["VIVERO_DISPLAY_NAME"] = str(order.display_name)
    else:
        variables.pop("VIVERO_DISPLAY_NAME", None)  # of a run that starts a run
    return variables


def common_variables(variables: "Dict[str, str]") -> "Dict[str, str]":
    """Return a script's variables without those that every run has for itself."""
    return {name: value for name, value in _without_data(packages.without(variables)).items() if name not in PER_RUN}


def _without_data(variables: "Dict[str, str]") -> "Dict[str, str]":
    """Return variables without the paths of data inputs and outputs."""
    return {name: value for name, value in variables.items() if not name.startswith(_OF_DATA)}


def file_uri(path: str) -> str:
    """Return the ``file://`` address of an absolute path."""
    return "file://" + "".join(chr(c) if c in _SAFE else "%{:02X}".format(c) for c in os.fsencode(path))


def _load_prctl() -> "Optional[Callable[..., int]]":
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        prctl: "Callable[..., int]" = ctypes.CDLL(None).prctl
        return prctl
    except (ImportError, OSError, AttributeError) as error:
        print("orphaned processes cannot be tracked on this machine: {}".format(error), file=sys.stderr)
        return None


_prctl = _load_prctl()


def adopt_orphans() -> None:
    """Become the parent of every orphaned descendant, so that none is lost."""
    if _prctl is not None:
        _prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(argv: "List[str]", shown: "Optional[List[str]]" = None, **options: "Any") -> "subprocess.Popen[bytes]":
    """Start a process in its own session that dies with this one.

    With `shown`, process listings show these words. The process gets its real arguments through a variable as Python
    starts.
    """
    parent = os.getpid()
    if shown is not None:
        variables = dict(options["env"], VIVERO_ARGV=json.dumps(argv))
        variables["PYTHONPATH"] = os.pathsep.join([ARGV, *filter(None, [variables.get("PYTHONPATH")])])
        argv, options = shown, dict(options, env=variables)
    return subprocess.Popen(
        argv,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509 - there is only one thread
        **options,
    )


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies."""
    if _prctl is not None:
        _prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call took effect
            os._exit(137)


def descendants(spare: "Iterable[int]" = ()) -> "Optional[List[int]]":
    """Return the running descendants of this process except `spare`, or None if unknown."""
    if not os.path.exists("/proc/self/stat"):
        return None
    spared = set(spare)
    table: "Optional[Dict[int, List[int]]]" = None
    pids: "List[int]" = []
    waiting = [os.getpid()]
    while waiting:
        pid = waiting.pop()
        below = _children(pid)
        if below is None:
            table = _process_table() if table is None else table
            below = table.get(pid, [])
        below = [child for child in below if child not in spared]
        pids += below
        waiting += below
    return pids


def _children(pid: int) -> "Optional[List[int]]":
    """Return a process's children as listed by the kernel, or None if the kernel has no such list."""
    pids: "List[int]" = []
    tasks = "/proc/{}/task".format(pid)
    try:
        for task in os.listdir(tasks):
            with open("{}/{}/children".format(tasks, task), "rb") as file:
                pids += [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return None if os.path.exists("/proc/{}".format(pid)) else pids
    return pids


def _process_table() -> "Dict[int, List[int]]":
    table: "Dict[int, List[int]]" = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/{}/stat".format(name), "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                continue  # ended meanwhile
            table.setdefault(parent, []).append(int(name))
    return table


def describe(pid: int) -> str:
    """Return a process's name and id for a note."""
    try:
        with open("/proc/{}/comm".format(pid), "rb") as file:
            return "{} ({})".format(file.read().decode("utf-8", "replace").strip(), pid)
    except OSError:
        return str(pid)


def send(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def send_group(group: int, number: int) -> bool:
    """Send a signal to a process group; return whether it has members."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class Ending:
    """Ends everything the script started: SIGTERM first, SIGKILL after a grace period."""

    def __init__(self, group: int, grace: float) -> None:
        self._group = group
        self._deadline = time.monotonic() + grace

    def begin(self, spare: "Iterable[int]") -> None:
        """Send SIGTERM to everything."""
        self._signal(signal.SIGTERM, spare)
        self._signal(signal.SIGCONT, spare)  # a stopped process would not see it

    def still_running(self, spare: "Iterable[int]") -> bool:
        """Return whether anything is left, and kill it after the grace period."""
        left = descendants(spare)
        if left is None:
            left = [self._group] if send_group(self._group, 0) else []
        if left and time.monotonic() >= self._deadline:
            self._signal(signal.SIGKILL, spare)
        return bool(left) and time.monotonic() < self._deadline + _UNKILLABLE

    def end_grace_period(self) -> None:
        """End the grace period."""
        self._deadline = min(self._deadline, time.monotonic())

    def _signal(self, number: int, spare: "Iterable[int]") -> None:
        """Signal each process once, because many programs skip their cleanup on a second SIGTERM."""
        pids = descendants(spare)
        if pids is None:
            send_group(self._group, number)
        for pid in pids or ():
            send(pid, number)
