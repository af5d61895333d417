"""The one probe: what is ready and what is not, however strange the answer, and always in time."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.endpoints import health

READY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
NOT_READY = {
    "503": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    "a redirection": b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "half a line": b"HTTP/1.1 2",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no number": b"HTTP/1.1 fine OK\r\n\r\n",
    "a line without an end": b"H" * 100_000,
    "headers without an end": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1_000,
}


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], int]]:
    """Answer one connection with some bytes; return the port."""
    opened: list[socket.socket] = []
    threads = []

    def answering(content: bytes) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                request = connection.recv(10_000)
                assert request.startswith(b"GET /v2/health/ready HTTP/1.1\r\n")
                connection.sendall(content)

        threads.append(threading.Thread(target=answer))
        threads[-1].start()
        return int(listening.getsockname()[1])

    yield answering
    for thread in threads:
        thread.join(10)
    for connection in opened:
        connection.close()


def test_a_server_that_says_so_is_ready(answering: Callable[[bytes], int]) -> None:
    assert health.is_ready("127.0.0.1", answering(READY))


@pytest.mark.parametrize("content", NOT_READY.values(), ids=NOT_READY)
def test_whatever_else_answers_is_not_ready(content: bytes, answering: Callable[[bytes], int]) -> None:
    assert not health.is_ready("127.0.0.1", answering(content))


def test_nobody_and_somebody_silent_are_not_ready_in_time() -> None:
    begun = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert not health.is_ready("127.0.0.1", port, timeout=0.2)
    assert not health.is_ready("127.0.0.1", port, timeout=0.2)
    assert not health.is_ready("no.such.host.invalid", 1, timeout=0.2)
    assert time.monotonic() - begun < 15


@pytest.mark.parametrize(("content", "code"), [(READY, 0), (NOT_READY["503"], 1)])
def test_as_an_engine_calls_it(content: bytes, code: int, answering: Callable[[bytes], int], tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-S", str(Path(health.__file__)), str(answering(content))]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")
