"""The prefork interpreter, which has imported what scripts import and forks workers and scripts.

It imports and does nothing else: one parallel region in it, and its children would wait for threads they do not have.
The controller starts ``python importlib_bootstrap.py --variables RUN_DIR CHANNEL LIFELINE``; it then becomes a Python
with exactly the variables that the scripts will have. On the channel, a socket, it is told in lines of JSON what to
import, and then one run after the other. When the channel closes it ends; the workers it forked go on.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_CONTAINER = "VIVERO_CONTAINER"  # keeps the variables of a container for its workers
HERE = os.path.dirname(os.path.abspath(__file__))
OWN = frozenset(os.path.splitext(name)[0] for name in os.listdir(HERE)) - {"__main__", "__pycache__", "argv", "shims"}


def become(run_dir: str, channel: int, lifeline: int) -> None:
    """Re-execute Python with the variables of scripts."""
    import json

    import job_order
    import processes

    order = job_order.read(run_dir)
    variables = processes.common_variables(processes.script_variables(dict(os.environ), order, run_dir))
    if order.get("attended"):
        variables[_CONTAINER] = json.dumps(dict(os.environ))
    for descriptor in (channel, lifeline):
        os.set_inheritable(descriptor, True)
    program, file = order["argv"][0], os.path.join(HERE, "importlib_bootstrap.py")
    os.execve(program, [program, file, str(channel), str(lifeline)], variables)


def set_aside_namesakes() -> "Dict[str, Any]":
    """Set aside modules with the same names as ours, so that ours are found."""
    found = {name: sys.modules.pop(name) for name in OWN if name in sys.modules}
    sys.path.insert(0, HERE)
    return found


def put_back(namesakes: "Dict[str, Any]") -> None:
    """Undo that, so that ours are not found."""
    sys.path.remove(HERE)
    for name in OWN:
        sys.modules.pop(name, None)
    sys.modules.update(namesakes)


def serve(channel: int, lifeline: int) -> None:
    """Import what the first line says, then fork a worker for every other line."""
    import atexit
    import gc
    import json
    import signal
    import socket

    sys.modules.pop("prefork")
    namesakes = set_aside_namesakes()
    import preload
    import teardown

    atexit.register(teardown.keep_libraries)
    put_back(namesakes)
    control = socket.socket(fileno=channel)
    lines = control.makefile("r", encoding="utf-8")
    first = json.loads(lines.readline() or "null")
    if first is None:
        os._exit(0)
    own = json.loads(os.environ.pop(_CONTAINER, "null"))
    first["environ"] = own or first["environ"]
    try:
        preload.preload(first["modules"] or preload.named_in(first["script"]), first["refused"])
    except preload.Refused as refusal:
        control.sendall(json.dumps({"refused": str(refusal)}).encode("ascii") + b"\n")
        os._exit(0)
    path, modules = list(sys.path), dict(sys.modules)
    set_aside_namesakes()
    import forking

    interpreter = forking.Interpreter(first, path, modules, {channel, lifeline}, lifeline, teardown.keep_libraries)
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()  # so that the children's collections do not copy our pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to be waited for: the controller watches the workers
    control.sendall(b'{"ready": true}\n')
    while True:
        line = lines.readline()
        if not line:
            os._exit(0)
        order = json.loads(line)
        order["environ"] = own or order["environ"]
        pid = forking.fork()
        if pid == 0:
            lines.close()
            control.close()
            interpreter.work(order)
        _answer(control, pid, own is not None)


def _answer(control: "Any", pid: int, apart: bool) -> None:
    """Tell the controller of a worker: by its number, or by a descriptor where the number means nothing to it."""
    import socket

    line = '{{"pid": {}}}\n'.format(pid).encode("ascii")
    if not apart or sys.version_info < (3, 9):
        control.sendall(line)
        return
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:  # it has ended already
        control.sendall(line)
        return
    socket.send_fds(control, [line], [descriptor])
    os.close(descriptor)
