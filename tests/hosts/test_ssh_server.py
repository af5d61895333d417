"""A server on another machine, over a real sshd."""

import re
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from runner.errors import UserError
from runner.hosts.ssh.server import RemoteServer
from tests.support.waiting import wait_for

READY = re.compile(r"Serving HTTP on 127\.0\.0\.1 port (\d+)")
SERVER = """
import functools, http.server, os, sys, threading
folder = sys.argv[1]
open(folder + "/pid", "w").write(str(os.getpid()))
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
    print("Serving HTTP on 127.0.0.1 port", server.server_port, flush=True)
    server.serve_forever()
"""


def test_a_server_is_reached_through_its_connection_and_ends_with_it(ssh_host: str, tmp_path: Path) -> None:
    (tmp_path / "page").write_text("there")
    words = [sys.executable, "-c", f"exec({SERVER!r})", str(tmp_path)]
    listening = socket.create_server(("127.0.0.1", 0))
    with RemoteServer(ssh_host, words, READY) as server:
        tunnel = server.tunnel(listening)
        assert tunnel.port != server.port
        with urllib.request.urlopen(f"http://127.0.0.1:{tunnel.port}/page") as answer:
            assert answer.read() == b"there"
        tunnel.close()
    pid = (tmp_path / "pid").read_text()
    wait_for(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no-such-program"], "lab1 has no program no-such-program"),
        ([sys.executable, "-c", "raise SystemExit('error: it is not set up')"], "lab1: it is not set up"),
        ([sys.executable, "-c", "print('hello')"], "lab1: the program ended before it listened"),
    ],
)
def test_a_program_that_does_not_listen(ssh_host: str, words: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        RemoteServer(ssh_host, words, READY)
    assert caught.value.message == message


def test_an_end_in_between_is_told(ssh_host: str, tmp_path: Path) -> None:
    code = "print('Serving HTTP on 127.0.0.1 port 1', flush=True); raise SystemExit('error: out of luck')"
    with RemoteServer(ssh_host, [sys.executable, "-c", code], READY) as server, pytest.raises(UserError) as caught:
        server.wait()
    assert caught.value.message == "lab1: out of luck"
