"""Connections that bring no request are closed, and no others."""

import http.client
import itertools
import json
import random
import socket
import threading
import time
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from serving.http.connections.memory_budget import MemoryBudget
from tests.support.timeouts import short
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = json.dumps({"data": X[:2].tolist()}).encode()
HEAD = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(
    BODY
)
LIMIT = 1.0


@pytest.fixture
def port(register: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VIVERO_TIMEOUTS", short(request_headers=LIMIT))
    register("iris", SVC(kernel="linear").fit(X, Y))
    return int(serve("model=iris").address.rpartition(":")[2])


def drip(port: Any, content: Any, begin: bytes = b"") -> Any:
    """Send a byte now and then until the server closes; return the seconds that took."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        begun = time.monotonic()
        if begin:
            connection.sendall(begin)
            connection.settimeout(10)
            assert connection.recv(10_000).startswith(b"HTTP/1.1 200")
        connection.settimeout(0.05)
        left = iter(content)
        while time.monotonic() < begun + 20:
            try:
                byte = next(left, None)
                if byte is not None:
                    connection.sendall(bytes([byte]))
                if connection.recv(1000) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        return time.monotonic() - begun


GET = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "sent", [(b"", b""), (HEAD, b""), (b"\r\n" * 500, b""), (HEAD, GET), (b"\r\n" * 500, GET)],
    ids=["silent", "dripping", "empty lines", "dripping after a request", "empty lines after a request"],
)  # fmt: skip
def test_a_connection_that_brings_no_request_is_closed(sent: Any, port: Any) -> None:
    assert LIMIT * 0.9 < drip(port, *sent) < LIMIT * 4


def test_good_connections_stay_meanwhile(port: Any) -> None:
    closed = []
    slow = [threading.Thread(target=lambda: closed.append(drip(port, HEAD))) for _ in range(20)]
    for thread in slow:
        thread.start()
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    kept.connect()
    address, answers, pause = kept.sock.getsockname(), [], threading.Event()

    def ask() -> None:
        kept.request("POST", "/score", BODY, {"Content-Type": "application/json"})
        answer = kept.getresponse()
        answers.append(answer.status)
        answer.read()

    while len(closed) < len(slow):
        ask()
        pause.wait(0.02)
    wait_for(lambda: len(closed) == len(slow))
    pause.wait(LIMIT * 2.5)  # at rest for longer than headers may take: that has a limit of its own
    ask()
    assert set(answers) == {200} and len(answers) > 10
    assert kept.sock.getsockname() == address
    kept.close()
    assert max(closed) < LIMIT * 6


@pytest.mark.parametrize("parts", [2, 5, 9, 12, 20, len(HEAD)])
def test_headers_may_come_in_parts(parts: int, port: Any) -> None:
    cuts = sorted({*random.Random(parts).sample(range(1, len(HEAD)), parts - 1), 0, len(HEAD)})
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin, end in itertools.pairwise(cuts):
            connection.sendall(HEAD[begin:end])
        connection.sendall(b"\r\n" + BODY)
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200")


def test_what_nobody_wants_is_read_at_a_rate() -> None:
    memory_budget, part = MemoryBudget(1, 1), 1 << 18
    waits = [memory_budget.discard(part) for _ in range(200)]
    free = sum(part for wait in waits if wait == 0)
    assert 32 << 20 <= free <= 40 << 20  # a large body, so that its client reads the answer
    assert waits[-1] == pytest.approx((200 * part - (32 << 20)) / (4 << 20), abs=1)


def test_a_slow_body_is_no_slow_header(port: Any) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(HEAD + b"\r\n" + BODY[:10])
        threading.Event().wait(LIMIT * 2)
        connection.sendall(BODY[10:])
        assert connection.recv(10_000).startswith(b"HTTP/1.1 200")


def test_answers_of_every_size_come_whole_and_in_their_order(port: Any) -> None:
    """Sent at once on one connection: no body, a small one, 100 Continue before one, and one that fills buffers."""
    large = json.dumps({"data": [X[0].tolist()] * 50_000}).encode()
    posts = [
        b"%b /score HTTP/1.1\r\nHost: localhost\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (method, more, len(body), body)
        for method, more, body in (
            (b"POST", b"", BODY), (b"POST", b"Expect: 100-continue\r\n", BODY), (b"POST", b"", large),
        )
    ]  # fmt: skip
    head = b"HEAD /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        sender = threading.Thread(target=connection.sendall, args=(b"".join([head, *posts, last]),))
        sender.start()
        stream = connection.makefile("rb")
        assert _answer(stream, has_body=False) == (200, b"")
        for predicted in ([0, 0], [0, 0], [0] * 50_000):
            status, body = _answer(stream)
            assert (status, json.loads(body)["predict"]) == (200, predicted)
        assert _answer(stream)[0] == 200
        assert stream.read() == b""
        sender.join()


def _answer(stream: Any, *, has_body: bool = True) -> tuple[int, bytes]:
    """Read one answer; one that says 100 goes before it."""
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    if status == 100:
        return _answer(stream)
    return status, stream.read(length) if has_body else b""


ROWS = {"data": X[:2].tolist()}
TENSOR = {"inputs": [{"name": "x", "shape": [2, 4], "datatype": "FP64", "data": X[:2].ravel().tolist()}]}


@pytest.mark.parametrize(
    ("address", "kind", "body"),
    [
        ("/score", "application/json", ROWS),
        ("/score?model=iris", "application/json", ROWS),
        ("/score/iris", "application/json", ROWS),
        ("/invocations", "application/json", {"instances": ROWS["data"]}),
        ("/invocations/iris", "application/json", {"instances": ROWS["data"]}),
        ("/invocations", "text/csv", "0,1,2,3\n5.1,3.5,1.4,0.2\n"),
        ("/v1/models/iris:predict", "application/json", {"instances": ROWS["data"]}),
        ("/v1/models/iris/versions/1:predict", "application/json", {"instances": ROWS["data"]}),
        ("/v2/models/iris/infer", "application/json", TENSOR),
        ("/v2/models/iris/versions/1/infer", "application/json", TENSOR),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_body_in_chunks_is_read_wherever_it_is_sent(address: str, kind: str, body: Any, size: int, port: Any) -> None:
    """As clients send it that do not know its length beforehand."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    parts = (content[at : at + size] for at in range(0, len(content), size))
    connection.request("POST", address, parts, {"Content-Type": kind}, encode_chunked=True)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status == 200, said


@pytest.mark.parametrize("prefix", ["/score", "/v1/models/iris:predict", "/v2/models/iris/infer"])
@pytest.mark.parametrize("more", [b"a: b\r\n" * 200, b"a: " + b"b" * 70_000 + b"\r\n"])
def test_a_refusal_of_headers_has_the_form_of_the_address(prefix: str, more: bytes, port: Any) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST %b HTTP/1.1\r\nHost: localhost\r\n%b\r\n" % (prefix.encode(), more))
        status, content = _answer(connection.makefile("rb"))
    error = json.loads(content)["error"]
    assert status == 431 and isinstance(error, str) == (prefix != "/score")


def test_a_doubled_slash_is_no_redirection(port: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/v1//models/iris:predict", b"{}", {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (404, "not_found")
    connection.close()


def last_answers(port: int, sent: bytes) -> list[tuple[int, Any]]:
    """Send bytes and nothing more; return status and JSON of each answer until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        stream, answers = connection.makefile("rb"), []
        while stream.peek(1):
            status, content = _answer(stream)
            answers.append((status, json.loads(content) if content[:1] == b"{" else content))
        return answers


def test_a_client_that_has_closed_its_side_is_answered(port: Any) -> None:
    """As ``nc -N`` and many a script do."""
    whole = HEAD + b"\r\n" + BODY
    chunked = HEAD.rpartition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    chunks = chunked + b"%x\r\n%b\r\n" % (len(BODY), BODY)
    for sent, answers in ((whole, 1), (whole * 3, 3), (chunks + b"0\r\n\r\n", 1), (GET + whole, 2)):
        received = last_answers(port, sent)
        assert [status for status, _ in received] == [200] * answers and received[-1][1]["predict"] == [0, 0]
    for sent in (HEAD + b"\r\n", whole[:-1], whole[:-5], chunks, chunked, chunks[:-9]):
        ((status, body),) = last_answers(port, sent)
        assert (status, body["error"]["code"]) == (400, "cut_off"), sent
    assert last_answers(port, whole + HEAD) in ([], last_answers(port, whole))
    assert last_answers(port, HEAD) == last_answers(port, b"") == []


def test_a_method_that_http_does_not_have(port: Any) -> None:
    for method in (b"BREW", b"get", b"POSTS", b"X" * 30, b"GETT"):
        for path in ("/score", "/invocations", "/ping", "/none", "/v1/models/iris:predict", "/v1", "/v2", "/v2/none"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(b"%b %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (method, path.encode()))
                status, content = _answer(connection.makefile("rb"))
            body = json.loads(content)
            code, message = (
                (body["code"], body["error"])
                if path.startswith("/v")
                else (body["error"]["code"], body["error"]["message"])
            )
            assert (status, code) == (501, "unknown_method"), (method, path, content)
            assert message == "The request has an unknown HTTP method. Use GET or POST"
