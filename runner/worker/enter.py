"""First process of a prefork container: receives two descriptors, starts the interpreter and waits for all processes.

``python enter.py SOCKET RUN_DIR``: on the socket come the channel and the lifeline of ``prefork.py``, opened outside.
The container lives until the interpreter and all workers that were forked from it have ended.
"""

import os
import socket
import sys


def main(place: str, run_dir: str) -> None:
    """Start the interpreter and wait until all processes have ended."""
    with socket.socket(socket.AF_UNIX) as given:
        given.connect(place)
        descriptors = socket.recv_fds(given, 1, 2)[1]
    if os.fork() == 0:
        for descriptor in descriptors:
            os.set_inheritable(descriptor, True)
        begin = os.path.join(os.path.dirname(os.path.abspath(__file__)), "importlib_bootstrap.py")
        os.execv(sys.executable, [sys.executable, "-s", begin, "--variables", run_dir, *map(str, descriptors)])
    for descriptor in descriptors:
        os.close(descriptor)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
