"""Bad days: a process killed under load, a gzip bomb. More are in test_http.py, test_motion.py, test_processes.py."""

import contextlib
import gzip
import http.client
import json
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from sklearn.datasets import load_iris
from sklearn.svm import SVC

from runner.endpoints.store import EndpointStore
from runner.layout import Layout
from runner.wiring import make_servers
from tests.support.command_line import CommandLine
from tests.support.estimators.breaking import Breaks
from tests.support.servers.server_processes import workers
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
BODY = json.dumps({"data": X[:1].tolist()}).encode()


class Client:
    """Asks without a pause over one connection, opens another only when that one fails, and keeps what happened."""

    def __init__(self, port: Any) -> None:
        self.port, self.own = port, 0
        self.statuses: list[int] = []
        self.failed_on: list[int] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        connection = self._connect()
        while not self.over.is_set():
            try:
                connection.request("POST", "/score", BODY, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                self.statuses.append(answer.status)
            except (OSError, http.client.HTTPException):
                self.failed_on.append(self.own)
                connection.close()
                connection = self._connect()
        connection.close()

    def _connect(self) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.connect()
        self.own = connection.sock.getsockname()[1]
        return connection


def client_ports(pid: Any) -> Any:
    """Return the ports at the other end of a process's connections."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = str(entry.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {int(row[2].rpartition(":")[2], 16) for row in rows if row[9] in inodes}


def test_a_killed_process_fails_its_own_connections_and_no_other(register: Any, serve: Any) -> None:
    register("iris", SVC(kernel="linear").fit(X, Y))
    server = serve("model=iris", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    port = int(server.address.rpartition(":")[2])
    clients = [Client(port) for _ in range(12)]
    try:
        wait_for(lambda: all(len(client.statuses) > 5 for client in clients), 20)
        victim = max(workers(server), key=lambda pid: len(client_ports(pid)))
        lost = client_ports(victim) & {client.own for client in clients}
        assert lost
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: victim not in workers(server) and len(server.state()) == 2, 20)
        before = [len(client.statuses) for client in clients]
        wait_for(lambda: all(len(client.statuses) > old + 20 for client, old in zip(clients, before, strict=True)), 20)
    finally:
        for client in clients:
            client.over.set()
        for client in clients:
            client.thread.join(30)
    assert {status for client in clients for status in client.statuses} == {200}
    assert {failed for client in clients for failed in client.failed_on} == lost
    assert all(len(client.failed_on) <= 1 for client in clients)


def test_a_gzip_bomb_is_refused_unread(register: Any, serve: Any) -> None:
    register("iris", SVC(kernel="linear").fit(X, Y))
    server = serve("model=iris")
    bomb = gzip.compress(b'{"data": [' + b" " * (200 << 20) + b"]}", 1)
    assert len(bomb) < 2 << 20
    head = b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), timeout=10) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(bomb))  # and not a byte of the body
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["error"]["code"]) == (415, "encoded")
    with contextlib.suppress(OSError):  # refused while it was still being sent
        assert server.ask("/score", bomb, Content_Encoding="gzip")[0] == 415
    (worker,) = workers(server)
    peak = next(line for line in Path(f"/proc/{worker}/status").read_text().splitlines() if line.startswith("VmHWM"))
    assert int(peak.split()[1]) < 400 << 10
    assert server.ask("/score", BODY)[0] == 200


def test_a_model_that_cannot_be_loaded_is_named_and_the_others_are_served(register: Any, serve: Any) -> None:
    register("good", SVC().fit(X, Y))
    register("broken", Breaks("raise").fit(X, Y))
    server = serve("models=[broken,good]", "workers=2")
    said = [line for line in server.said if line.startswith("warning: ")]
    assert said == ["warning: broken is not served: Model broken:1 cannot be loaded: ValueError: broken as asked"]
    assert server.ask("/score/good", {"data": X[:2].tolist()})[0] == 200
    status, _, content = server.ask("/score/broken", {"data": X[:2].tolist()})
    assert status == 404 and b"good" in content
    wait_for(lambda: len(server.state()) == 2, 20)
    (problem,) = {state["problem"] for state in server.state()}
    assert "broken:1" in problem
    assert server.stop() == 0


def test_of_models_that_all_cannot_be_loaded_none_is_served(register: Any, serve: Any) -> None:
    for name in ("one", "two"):
        register(name, Breaks("raise").fit(X, Y))
    server = serve("models=[one,two]")
    assert server.process.wait(30) == 1 and "Model one:1 cannot be loaded" in server.said[-1]


def test_a_first_start_that_fails_leaves_no_endpoint(
    register: Any, serve: Any, layout: Layout, command_line: CommandLine
) -> None:
    register("broken", Breaks("raise").fit(X, Y))
    server = serve("model=broken", "name=z", "auth=key")
    assert server.process.wait(30) == 1 and not server.address
    assert not layout.endpoint("z").root.exists() and EndpointStore(layout).names() == []
    workspace = ("--workspace", str(layout.root))
    deployed = command_line.vivero("deploy", "broken", "--set", "port=0", "--set", "auth=key", *workspace)
    assert deployed.returncode == 1 and "Model broken:1 cannot be loaded" in deployed.stderr
    assert len(deployed.stderr.splitlines()) <= 2 and "key" not in deployed.stdout
    endpoint = layout.endpoint("broken")
    assert EndpointStore(layout).names() == [] and not endpoint.record.exists() and not endpoint.keys.exists()
    register("broken", SVC().fit(X, Y))
    server = serve("model=broken", "auth=key")
    assert sum("key (shown once)" in line for line in server.said) == 2
    assert server.stop() == 0


def test_why_an_endpoint_was_not_served_is_in_the_list_until_it_is(register: Any, serve: Any, layout: Layout) -> None:
    register("broken", SVC().fit(X, Y))
    assert serve("model=broken").stop() == 0
    register("broken", Breaks("raise").fit(X, Y))
    server = serve("model=broken")
    assert server.process.wait(30) == 1 and not server.address
    listed = make_servers("local", layout, print).status("broken")
    assert (listed.word, listed.problem) == (
        "stopped", "Model broken:2 cannot be loaded: ValueError: broken as asked"
    )  # fmt: skip
    assert serve("model=broken:1").stop() == 0
    assert make_servers("local", layout, print).status("broken").problem is None
