"""Requests that are meant to harm: each is refused in time, cheaply, and the next good one is answered."""

import asyncio
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.io.clock import now
from serving.dataplane.model import ServedModel
from serving.dataplane.plane import DataPlane, Limits, Route
from serving.errors import ServingError
from serving.http.access_check import AccessCheck
from serving.http.app import App
from serving.http.connections.connection import Connection
from serving.http.connections.memory_budget import MemoryBudget
from serving.http.gateway import Gateway
from serving.http.keys import Keys
from serving.observe.telemetry import LineLog, Metrics, Telemetry
from tests.support.attacks.raw_http import Raw, ask, post
from tests.support.suite.examples import examples
from tests.support.suite.pace import slowdown
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = json.dumps({"data": X[:2].tolist()}).encode()
HEAD = b"POST /score HTTP/1.1\r\nHost: localhost\r\n"
KEY = b"Authorization: Bearer right"
MEGABYTE = 1 << 20


class Endpoint:
    """An endpoint whose server is a thread of the test."""

    def __init__(self, app: App, log: LineLog, lines: Path) -> None:
        self.app, self._log, self._lines = app, log, lines
        self._gateway = Gateway(
            app.wsgi, app.wsgi.refuse, app.plane.is_quick, app.prepare,
            access_check=app.access_check, memory_budget=app.memory_budget,
            max_bytes=16 * MEGABYTE, threads=4, queue=64,
        )  # fmt: skip
        self.config = uvicorn.Config(
            self._gateway, http=Connection, ws="none", lifespan="off", log_config=None, loop="asyncio"
        )
        self._server = uvicorn.Server(self.config)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._socket])))
        self._thread.start()

    def lines(self) -> Any:
        """Return the lines of the access log."""
        self._log.flush()
        return [json.loads(line) for line in self._lines.read_text().splitlines()] if self._lines.exists() else []

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._gateway._pool.shutdown()
        self._log.close()


@pytest.fixture
def endpoint(registered_record: Any, metrics: Metrics, tmp_path: Path) -> Iterator[Callable[..., Endpoint]]:
    started = []

    def endpoint(keys: bool = True, hosts: Any = None, memory_budget: Any = None) -> Endpoint:
        keyed = tmp_path / "keys.json"
        right = hashlib.sha256(b"right").hexdigest()
        keyed.write_text(json.dumps({"format": 1, "keys": {"primary": {"sha256": right, "created": now()}}}))
        plane = DataPlane(Limits())
        plane.routes = {"x": Route({1: ServedModel(registered_record, SVC().fit(X, Y))}, {1: 1.0})}
        log = LineLog(tmp_path / "access.jsonl", metrics.dropped)
        guard = Keys(keyed if keys else None)
        made = App(plane, guard, Telemetry(metrics, log, None, 0), hosts=hosts, memory_budget=memory_budget)
        started.append(Endpoint(made, log, tmp_path / "access.jsonl"))
        return started[-1]

    yield endpoint
    for server in started:
        server.stop()


def good(server: Endpoint) -> None:
    """Check that a request with the key is answered."""
    assert ask(server.port, post(BODY, KEY))[0] == 200


MANY = b"".join(b"a: %d\r\n" % number for number in range(50_000))
TOO_MUCH = {
    "many headers of one name": HEAD + MANY,
    "one header": HEAD + b"a: " + b"b" * MEGABYTE,
    "a name": HEAD + b"b" * MEGABYTE,
    "101 headers": HEAD + b"a:\r\n" * 100 + b"\r\n",
    "65 kB in good headers": HEAD + b"".join(b"a%d: %b\r\n" % (number, b"b" * 1000) for number in range(66)) + b"\r\n",
    "the address": b"GET /" + b"a" * MEGABYTE,
    "empty lines": b"\r\n" * MEGABYTE,
    "trailers": HEAD + KEY + b"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + MANY,
    "a trailer": HEAD + KEY + b"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\na: " + b"b" * MEGABYTE,
    "a chunk's extension": HEAD + KEY + b"\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"b" * MEGABYTE,
}  # fmt: skip


@pytest.mark.parametrize("sent", TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_has_no_end_is_refused_before_it_is_kept(sent: bytes, endpoint: Any) -> None:
    server = endpoint()
    before = time.process_time()
    status, headers, content = ask(server.port, sent)
    assert (status, content["error"]["code"], headers["connection"]) == (431, "too_many_headers", "close")
    assert headers["x-request-id"] == content["request_id"]
    assert time.process_time() - before < 2 * slowdown()
    good(server)


def test_a_hundred_headers_and_a_repeated_name_are_fine(endpoint: Any) -> None:
    server = endpoint()
    assert ask(server.port, post(BODY, KEY, *(b"a: %d" % number for number in range(96))))[0] == 200


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4))
@settings(max_examples=examples(60, whole=1000), deadline=None)
def test_whatever_comes_is_answered_or_closed(junk: list[bytes]) -> None:
    """Feed bytes to a connection without a network: nothing is raised, and no more than one answer is refused."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_fed(junk, loop))
    finally:
        loop.close()


async def _fed(junk: list[bytes], loop: asyncio.AbstractEventLoop) -> None:
    answered: list[bytes] = []

    def wsgi(environ: Any, start: Any) -> Any:
        answered.append(environ["PATH_INFO"])
        start("200 OK", [("Content-Length", "0")])
        return [b""]

    gateway = Gateway(
        wsgi, lambda _, exchange, error: exchange.refusal(error), lambda _: True, lambda _: None,
        access_check=AccessCheck(Keys(None)), memory_budget=MemoryBudget(MEGABYTE, 10),
        max_bytes=1000, threads=1, queue=8,
    )  # fmt: skip
    config = uvicorn.Config(gateway, http=Connection, ws="none", lifespan="off", log_config=None)
    config.load()
    server, client = socket.socketpair()
    with client:
        state = uvicorn.Server(config).server_state
        await loop.connect_accepted_socket(lambda: Connection(config, state, {}, loop), server)
        for part in junk:
            await loop.sock_sendall(client, part)
            await asyncio.sleep(0)
        client.shutdown(socket.SHUT_WR)
        client.setblocking(False)
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(loop.sock_recv(client, 1 << 16), 20):
                continue
    await asyncio.gather(*state.tasks)


def test_who_has_no_key_is_told_so_before_a_body_is_read(endpoint: Any) -> None:
    server = endpoint()
    head = post(b"", length=b"1000000")
    assert ask(server.port, head)[0] == 401  # of the body nothing has come
    status, headers, _ = ask(server.port, head, b"x" * 1_000_000)  # it is read by nobody, and still no reset
    assert (status, headers["connection"]) == (401, "close")
    with Raw(server.port, post(b"", b"Expect: 100-continue", length=b"10")) as connection:
        assert connection.line().startswith(b"HTTP/1.1 401")
    with Raw(server.port, post(b"", KEY, b"Expect: 100-continue", length=b"%d" % len(BODY))) as connection:
        assert connection.line() + connection.line() == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(BODY)
        assert connection.answer()[0] == 200


def test_a_connection_without_a_body_may_try_again_with_the_key(endpoint: Any) -> None:
    server = endpoint()
    with Raw(server.port, b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        assert connection.answer("GET")[0] == 401
        connection.send(post(BODY, KEY))
        assert connection.answer()[0] == 200


def test_a_connection_that_rests_is_closed_in_time_and_answers_before(endpoint: Any) -> None:
    server = endpoint()
    server.config.timeout_keep_alive = 1
    with Raw(server.port) as connection:
        for _ in range(3):
            connection.send(post(BODY, KEY))
            assert connection.answer()[0] == 200
        assert connection.line() == b""


def test_bodies_of_all_connections_have_one_limit_and_give_their_room_back(endpoint: Any) -> None:
    memory_budget = MemoryBudget(4 * MEGABYTE, 100)
    server = endpoint(memory_budget=memory_budget)
    waiting = [Raw(server.port, post(b"", KEY, length=b"1500000"), b" " * 1_300_000) for _ in range(3)]
    wait_for(lambda: memory_budget._held > 3_700_000)
    status, headers, content = ask(server.port, post(b" " * 1_000_000, KEY))
    assert (status, content["error"]["code"], headers["retry-after"]) == (503, "no_room", "1")
    good(server)
    for connection in waiting:
        connection.close()
    wait_for(lambda: memory_budget._held == 0)
    assert ask(server.port, post(b" " * 1_000_000, KEY))[0] == 400  # as far as the app, for which it is no JSON


JDK = (
    b"POST /score HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: %d\r\nHost: localhost:5001\r\n"
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n"
    b"User-Agent: Java-http-client/17.0.15\r\nContent-Type: application/json\r\n\r\n%b"
) % (len(BODY), BODY)
CURL = (
    b"POST /score HTTP/1.1\r\nHost: 127.0.0.1:5001\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
) % (len(BODY), BODY)
CHUNKED = CURL.replace(b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked").replace(
    BODY, b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
)


@pytest.mark.parametrize("request_", [JDK, CURL, CHUNKED, JDK.replace(b"h2c", b"websocket")])
@pytest.mark.parametrize("piece", [1, 7, 200, 10_000])
def test_an_offer_of_another_protocol_is_ignored_and_the_body_kept(request_: bytes, piece: int, endpoint: Any) -> None:
    server = endpoint(keys=False)
    sent = request_ + post(BODY)
    with Raw(server.port, *(sent[at : at + piece] for at in range(0, len(sent), piece))) as connection:
        for _ in range(2):
            status, _, content = connection.answer()
            assert status == 200 and content["predict"] == [0, 0]


def test_offers_one_after_the_other_cost_what_requests_cost(endpoint: Any) -> None:
    server = endpoint(keys=False)
    offer = b"GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with Raw(server.port, offer * 500) as connection:
        assert {connection.answer("GET")[0] for _ in range(500)} == {200}


@pytest.mark.parametrize(
    "host", [b"localhost", b"LOCALHOST:5001", b"127.0.0.1:80", b"[::1]:80", b"models.lab", b"10.1.2.3"]
)
def test_names_of_this_machine_are_answered(host: bytes, endpoint: Any) -> None:
    assert ask(endpoint(keys=False, hosts=("models.lab",)).port, post(BODY, b"Host: " + host))[0] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [(b"rebind.example", 421), (b"localhost.rebind.example:5001", 421), (b"127.0.0.1.rebind.example", 421),
     (b"127.0.0.1\r\nHost: rebind.example", 400), (b"", 400), (b"a b", 400), (b"user@localhost", 400)],
)  # fmt: skip
def test_a_page_whose_name_leads_here_gets_nothing(host: bytes, status: int, endpoint: Any) -> None:
    server = endpoint(keys=False, hosts=())
    for request in (post(BODY, b"Host: " + host), b"GET /ping HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"):
        answered, _, content = ask(server.port, request)
        assert answered == status and "\n" not in content["error"]["message"]


def test_blanks_after_a_header_are_none_of_it(endpoint: Any) -> None:
    server = endpoint()
    assert ask(server.port, post(BODY, KEY + b" \t", length=b"%d " % len(BODY)))[0] == 200


def test_refusals_to_anybody_are_counted_and_a_sample_is_logged(endpoint: Any, metrics: Metrics) -> None:
    server = endpoint()
    counter = metrics.errors.labels("no_key")
    before = counter._value.get()
    with Raw(server.port, post() * 300) as connection:
        assert {connection.answer()[0]} == {401}
    for _ in range(200):
        ask(server.port, b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n", method="GET")
    assert counter._value.get() - before > 200
    logged = [line for line in server.lines() if line["error"] == "no_key"]
    assert 0 < len(logged) < 100
    assert sum(line.get("not_logged_before", 0) for line in logged) <= counter._value.get() - before
    good(server)
    assert server.lines()[-1]["status"] == 200


def test_a_log_is_put_aside_when_it_is_large(metrics: Metrics, tmp_path: Path) -> None:
    path, logs = tmp_path / "access.jsonl", []
    for _ in range(2):  # as two server processes have it
        logs.append(LineLog(path, metrics.dropped, max_bytes=10_000))
    for number in range(2_000):
        logs[number % 2].add({"number": number})
        if number % 100 == 99:
            for log in logs:
                log.flush()
    for log in logs:
        log.close()
    kept = [*tmp_path.glob("access.jsonl*")]
    assert sum(path.stat().st_size for path in kept) < 35_000
    numbers = [json.loads(line)["number"] for path in kept for line in path.read_text().splitlines()]
    assert len(numbers) == len(set(numbers)) and 1_999 in numbers


def test_more_connections_than_there_is_room_for_are_refused_and_readiness_says_so(endpoint: Any) -> None:
    server = endpoint(memory_budget=MemoryBudget(MEGABYTE, 5))
    ready = b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"
    kept = []
    for _ in range(4):
        kept.append(Raw(server.port, ready))
        assert kept[-1].answer("GET")[0] == 200
    kept.append(Raw(server.port))
    wait_for(lambda: server.app.memory_budget.full)
    status, headers, _ = ask(server.port, ready, method="GET")
    assert (status, headers["retry-after"]) == (503, "1")
    kept[0].send(ready)
    assert kept[0].answer("GET")[0] == 503
    for connection in kept:
        connection.close()
    wait_for(lambda: not server.app.memory_budget.full)
    good(server)


def test_room_refuses_and_counts() -> None:
    memory_budget = MemoryBudget(10, 1)
    memory_budget.take(10)
    with pytest.raises(ServingError) as refused:
        memory_budget.take(1)
    assert refused.value.status == 503
