"""First process of a prefork container: receives two descriptors, starts the interpreter and waits for all processes.

The program is ``prefork.container SOCKET RUN_DIR``. It receives the interpreter's channel and lifeline, opened outside,
over the socket. The container lives until the interpreter and all workers forked from it have ended.
"""

import os
import socket
import sys

from ..layout import BOOTSTRAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List


def main(arguments: "List[str]") -> None:
    """Start the interpreter and wait until all processes have ended."""
    place, run_dir = arguments
    with socket.socket(socket.AF_UNIX) as given:
        given.connect(place)
        descriptors = socket.recv_fds(given, 1, 2)[1]
    if os.fork() == 0:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, True)
        words = ["-s", BOOTSTRAP, "prefork.interpreter", "--variables", run_dir, *map(str, descriptors)]
        os.execv(sys.executable, [sys.executable, *words])
    for descriptor in descriptors:
        os.close(descriptor)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return
