"""The prefork interpreter, which imports the scripts' libraries in advance and forks workers and scripts.

It only imports. If it ran a parallel region, its children would wait for threads that they do not have.
The controller starts the program ``prefork.interpreter --variables RUN_DIR CHANNEL LIFELINE``, which becomes a Python
with exactly the variables that the scripts will have. Lines of JSON on the channel, a socket, name first the imports
and then one run each. When the channel closes, the interpreter ends and its workers continue.
"""

import os
import sys

from ..layout import BOOTSTRAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List

_CONTAINER = "VIVERO_CONTAINER"  # keeps the variables of a container for its workers


def main(arguments: "List[str]") -> None:
    """Run the interpreter with the variables of scripts."""
    if arguments[0] == "--variables":
        re_execute(arguments[1], int(arguments[2]), int(arguments[3]))
    serve(int(arguments[0]), int(arguments[1]))


def re_execute(run_dir: str, channel: int, lifeline: int) -> None:
    """Re-execute Python with the variables of scripts."""
    import json

    from .. import job_order
    from ..run import processes

    order = job_order.read(run_dir)
    variables = processes.common_variables(processes.script_variables(dict(os.environ), order, run_dir))
    if order.attended:
        variables[_CONTAINER] = json.dumps(dict(os.environ))
    for descriptor in (channel, lifeline):
        os.set_inheritable(descriptor, True)
    program = order.argv[0]
    os.execve(program, [program, BOOTSTRAP, "prefork.interpreter", str(channel), str(lifeline)], variables)


def serve(channel: int, lifeline: int) -> None:
    """Import what the first line says, then fork a worker for every other line."""
    import atexit
    import gc
    import json
    import signal
    import socket

    from .. import script_imports
    from . import preload, teardown

    atexit.register(teardown.keep_libraries)
    control = socket.socket(fileno=channel)
    lines = control.makefile("r", encoding="utf-8")
    first = json.loads(lines.readline() or "null")
    if first is None:
        os._exit(0)
    container_environ = json.loads(os.environ.pop(_CONTAINER, "null"))
    first["environ"] = container_environ or first["environ"]
    try:
        preload.preload(first["modules"] or script_imports.imports_of(first["script"]), first["refused"])
    except preload.Refused as refusal:
        control.sendall(json.dumps({"refused": str(refusal)}).encode("ascii") + b"\n")
        os._exit(0)
    from . import bytecode, forking

    compiled = bytecode.Bytecode(first["script"])
    interpreter = forking.Interpreter(first, {channel, lifeline}, lifeline, teardown.keep_libraries, compiled)
    gc.collect()
    if hasattr(gc, "freeze"):
        gc.freeze()  # so that the children's collections do not copy our pages
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the controller watches the workers, so they need no wait
    control.sendall(b'{"ready": true}\n')
    while True:
        line = lines.readline()
        if not line:
            os._exit(0)
        order = json.loads(line)
        order["environ"] = container_environ or order["environ"]
        pid = forking.fork()
        if pid == 0:
            lines.close()
            control.close()
            interpreter.work(order)
        _answer(control, pid, container_environ is not None)


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
