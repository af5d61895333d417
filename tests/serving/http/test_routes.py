"""A real server: who is let in, what it says of itself, how it starts and ends."""

import contextlib
import json
import socket
import threading
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from runner.endpoints.store import EndpointStore
from runner.layout import Layout
from serving.http.access_check import HEALTH
from serving.http.keys import Keys
from serving.observe.telemetry import LineLog, Metrics
from tests.support.waiting import wait_for

X, Y = load_iris(return_X_y=True)
SVM = SVC(kernel="linear").fit(X, Y)
BODY = {"data": X[:2].tolist()}


def test_one_command_serves(register: Any, serve: Any) -> None:
    register("iris", SVM)
    server = serve("model=iris")
    assert server.address, server.said
    status, headers, content = server.ask("/score", BODY)
    assert (status, json.loads(content), headers["x-model-version"]) == (200, {"predict": [0, 0]}, "iris:1")
    assert server.ask("/")[2] == b"Healthy"
    assert (
        b'vivero_requests_total{model="iris",route="score",status="200",version="1"} 1.0' in server.ask("/metrics")[2]
    )
    assert server.stop() == 0


def test_a_model_with_names_is_served_without_false_warnings(register: Any, serve: Any) -> None:
    frame, targets = load_iris(return_X_y=True, as_frame=True)
    register("iris", KNeighborsClassifier().fit(frame, targets))
    server = serve("model=iris")
    assert server.ask("/score", {"data": [dict(zip(frame.columns, X[0].tolist(), strict=True))]})[0] == 200
    assert server.stop() == 0
    assert "valid feature names" not in "".join([*server.said, server.process.stdout.read()])


def test_the_access_log_has_no_payloads_unless_asked(register: Any, serve: Any, layout: Layout) -> None:
    register("iris", SVM)
    server = serve("model=iris", "log_payloads=1.0")
    server.ask("/score", BODY, x_request_id="mine")
    path = layout.endpoint("iris").access_log
    wait_for(lambda: path.exists() and "mine" in path.read_text(), 10)
    line = next(line for line in map(json.loads, path.read_text().splitlines()) if line["request_id"] == "mine")
    assert (line["model"], line["version"], line["rows"], line["status"]) == ("iris", 1, 2, 200)
    assert "data" not in line
    payload = layout.endpoint("iris").payloads
    wait_for(lambda: payload.exists() and "mine" in payload.read_text(), 10)
    assert json.loads(payload.read_text())["request"] == BODY


MISTAKES = {
    "model=nothere": "Model 'nothere' does not exist. Known: iris.",
    "model=iris:7": "has no version '7'",
    "model=iris@champion": "has no alias 'champion'",
    "model=../iris": "cannot be a model name",
    "modle=iris": "Did you mean 'model'?",
    "port=5000": "No model is named",
    "iris": "is not SETTING=VALUE",
    "model=iris port=x": "port=x is not a whole number",
    "model=iris auth=maybe": "auth=maybe is not known",
    "model=iris method=fit": "has no method 'fit'",
    "model=iris timeout=-1": "timeout=-1 is not a number above 0",
    "models=[iris,iris]": "Model iris is named twice",
    "model=iris dates=[when]": "fitted without column names",
    "models=nothere": "Model 'nothere' does not exist",
    "model=iris dates=when": "fitted without column names",
    "model=iris host=203.0.113.1": "host=203.0.113.1 is not an address of this machine",
    "model=iris host=a_b://c": "is not a name or an address",
    "model=iris poll=inf": "poll=inf is not a number above 0",
    "model=iris trusted=[a": "trusted=[a is not a list",
    "model=iris endpoint.port=1": "Leave out 'endpoint.'",
    "model=iris workspace=/x": "Write workspace.root=PATH",
    "model=iris kind=k8s": "kind=k8s is not known",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_one_line(words: str, register: Any, serve: Any) -> None:
    register("iris", SVM)
    server = serve(*words.split())
    assert server.process.wait(30) == 1
    said = [line for line in server.said if "error: " in line]
    assert len(said) == 1 and MISTAKES[words] in said[0], server.said
    assert not any("Still serving" in line for line in server.said)


def test_an_address_in_use(register: Any, serve: Any) -> None:
    register("iris", SVM)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = serve("model=iris", f"port={taken.getsockname()[1]}")
        assert server.process.wait(30) == 1
    assert "Choose another port" in server.said[-1]


def test_a_folder_that_cannot_be_written_is_said(layout: Layout, register: Any, serve: Any) -> None:
    """As root finds it where something else is in the way; for others it is the folder's rights."""
    register("iris", SVM)
    layout.endpoints.write_text("in the way")
    server = serve("model=iris")
    assert server.process.wait(30) == 1
    assert server.said[-1].startswith("error: ") and str(layout.endpoints) in server.said[-1]


def test_another_scikit_learn_is_refused_or_said(register: Any, serve: Any) -> None:
    register("old", SVM, version="0.24.2", lock="")
    refused = serve("model=old")
    assert refused.process.wait(30) == 1 and "0.24.2" in refused.said[-1]
    forced = serve("model=old", "allow_version_mismatch=true", "name=forced")
    status, headers, _ = forced.ask("/score", BODY)
    assert status == 200 and "0.24.2" in headers["x-model-warning"]


def test_without_a_key_nothing_but_health(client: Any, layout: Layout) -> None:
    store = EndpointStore(layout)
    keys = [store.make_key("e", which) for which in ("primary", "secondary")]
    path = layout.endpoint("e").keys
    assert not any(key in path.read_text() for key in keys) and path.stat().st_mode & 0o077 == 0
    guard = Keys(path)
    server = client(keys=guard, m=SVM)
    rules = list(server.application.url_map.iter_rules())
    assert len(rules) > 20
    for rule in rules:
        address = rule.rule.replace("<name>", "m").replace("<version>", "1")
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            status = server.open(address, method=method, json={} if method == "POST" else None).status_code
            if address in HEALTH:
                assert status == 200, address
            else:
                assert status == 401, address
    for key in keys:
        assert server.post("/score", json=BODY, headers={"Authorization": f"Bearer {key}"}).status_code == 200
    for wrong in ("Bearer", f"Basic {keys[0]}", f"Bearer {keys[0]}x", "Bearer \xff"):
        assert server.post("/score", json=BODY, headers={"Authorization": wrong}).status_code == 401
    fresh = store.make_key("e", "primary")
    guard.refresh()
    statuses = [
        server.post("/score", json=BODY, headers={"Authorization": f"Bearer {key}"}).status_code
        for key in (keys[0], keys[1], fresh)
    ]
    assert statuses == [401, 200, 200]


def test_beyond_loopback_keys_are_made_and_shown_once(register: Any, serve: Any) -> None:
    register("iris", SVM)
    server = serve("model=iris", "host=0.0.0.0")
    server.address = server.address.replace("0.0.0.0", "127.0.0.1")
    (key,) = [line.split()[-1] for line in server.said if line.startswith("primary key")]
    assert server.ask("/score", BODY)[0] == 401
    assert server.ask("/score", BODY, Authorization=f"Bearer {key}")[0] == 200
    server.stop()
    again = serve("model=iris", "host=0.0.0.0")
    assert not [line for line in again.said if "key" in line]
    open_ = serve("model=iris", "host=0.0.0.0", "auth=none", "name=open")
    open_.address = open_.address.replace("0.0.0.0", "127.0.0.1")
    assert open_.ask("/score", BODY)[0] == 200


def test_models_are_unloaded_and_loaded_with_a_key(register: Any, serve: Any) -> None:
    register("iris", SVM)
    register("other", SVM)
    server = serve("models=[iris,other]", "auth=key", "workers=2", "poll=0.05")
    (key,) = [line.split()[-1] for line in server.said if line.startswith("primary key")]
    wait_for(lambda: len(server.state()) == 2, 20)

    def ask(path: Any, body: Any = None) -> Any:
        status, _, content = server.ask(path, body or {}, Authorization=f"Bearer {key}")
        return status, json.loads(content)

    assert ask("/v2/repository/models/other/unload")[0] == 200
    wait_for(lambda: all(len(state["served"]) == 1 for state in server.state()), 20)
    assert ask("/v2/models/other/infer")[0] == 404 and ask("/score", BODY)[0] == 200
    states = {model["name"]: model["state"] for model in ask("/v2/repository/index")[1]}
    assert states == {"iris": "READY", "other": "UNAVAILABLE"}
    assert [model["name"] for model in ask("/v2/repository/index", {"ready": True})[1]] == ["iris"]
    assert ask("/v2/repository/models/nothere/load")[0] == 404
    assert ask("/v2/repository/models/other/load")[0] == 200
    wait_for(lambda: all(len(state["served"]) == 2 for state in server.state()), 20)
    assert ask("/score/other", BODY) == (200, {"predict": [0, 0]})


def test_without_keys_nobody_unloads(client: Any) -> None:
    assert client(m=SVM).post("/v2/repository/models/m/unload", json={}).status_code == 403


def test_a_full_disk_costs_log_lines_and_no_request(small_disk: Any, metrics: Metrics) -> None:
    log = LineLog(small_disk / "access.jsonl", metrics.dropped)
    before = metrics.dropped._value.get()
    with contextlib.suppress(OSError), open(small_disk / "filler", "wb", buffering=0) as filler:
        while filler.write(bytes(1 << 16)):
            continue
    log.add({"a": "x" * 100_000})
    log.close()
    assert metrics.dropped._value.get() == before + 1


def test_no_other_origin_unless_named(client: Any) -> None:
    server = client(m=SVM)
    assert (
        "Access-Control-Allow-Origin"
        not in server.post("/score", json=BODY, headers={"Origin": "https://a.org"}).headers
    )


def test_requests_at_work_are_answered_before_it_stops(register: Any, serve: Any) -> None:
    register("forest", RandomForestClassifier(300, random_state=0).fit(X, Y))
    server = serve("model=forest", "max_rows=200000")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(server.ask("/score", {"data": X.tolist() * 500})[0]))
    thread.start()
    wait_for(lambda: server.ask("/")[0] == 200, 10)
    assert server.stop() == 0
    thread.join(40)
    assert answers == [200]


def test_a_killed_process_is_replaced_and_the_others_go_on(register: Any, serve: Any, layout: Layout) -> None:
    import os
    import signal

    register("iris", SVM)
    server = serve("model=iris", "workers=2")
    wait_for(lambda: len(server.state()) == 2, 20)
    first = server.state()[0]["pid"]
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: len(server.state()) == 2 and first not in [state["pid"] for state in server.state()], 20)
    assert all(server.ask("/score", BODY)[0] == 200 for _ in range(20))


def test_a_large_request_does_not_starve_small_ones(register: Any, serve: Any) -> None:
    register("forest", RandomForestClassifier(100, random_state=0).fit(X, Y))
    server = serve("model=forest", "max_rows=400000", "max_megabytes=200")
    large = {"data": X.tolist() * 1000}
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(server.ask("/score", large)[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    small = [server.ask("/score", BODY)[0] for _ in range(50)]
    for thread in threads:
        thread.join(60)
    assert set(small) == {200}
    assert 200 in statuses and set(statuses) <= {200, 429}


def test_requests_of_one_moment_share_a_call_and_each_gets_its_own_answer(register: Any, serve: Any) -> None:
    forest = RandomForestClassifier(50, random_state=0).fit(X, Y)
    register("forest", forest)
    server = serve("model=forest")
    expected = forest.predict_proba(X)
    wrong = []

    def ask(number: Any) -> None:
        for at in range(number, len(X), 8):
            body = {"data": X[at : at + 1].tolist(), "method": "predict_proba"}
            if at % 7 == 0:
                body["data"] = [["a", 1, 1, 1]]
            status, _, content = server.ask("/score", body)
            right = 400 if at % 7 == 0 else 200
            if status != right or (
                right == 200 and json.loads(content)["predict_proba"] != expected[at : at + 1].tolist()
            ):
                wrong.append((at, status, content))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    lines = server.ask("/metrics")[2].decode().splitlines()
    calls = next(float(line.split()[-1]) for line in lines if line.startswith("vivero_batch_rows_count"))
    rows = next(float(line.split()[-1]) for line in lines if line.startswith("vivero_batch_rows_sum"))
    assert rows >= 128 and calls < rows


def test_half_sent_and_dropped_connections(register: Any, serve: Any) -> None:
    register("iris", SVM)
    server = serve("model=iris")
    port = int(server.address.rpartition(":")[2])
    held = []
    for _ in range(100):  # a slow sender each, none of them may hold a place
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(
            b"POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        held.append(connection)
    for _ in range(10_000):
        socket.create_connection(("127.0.0.1", port)).close()
    assert all(server.ask("/score", BODY)[0] == 200 for _ in range(20))
    for connection in held:
        connection.close()


def test_large_and_packed_bodies(register: Any, serve: Any) -> None:
    register("iris", SVM)
    server = serve("model=iris", "max_megabytes=1")
    try:
        status = server.ask("/score", b'{"data": [' + b" " * (100 << 20) + b"]}")[0]
    except OSError:  # refused while it was still being sent
        status = 413
    assert status == 413
    assert server.ask("/score", b"\x1f\x8b" + bytes(100), Content_Encoding="gzip")[0] == 415
    assert server.ask("/score", BODY)[0] == 200


@pytest.mark.parametrize(("host", "shown"), [("::1", "[::1]"), ("[::1]", "[::1]"), ("::", "[::]")])
def test_an_ipv6_address_is_taken_and_announced_with_brackets(host: str, shown: str, register: Any, serve: Any) -> None:
    register("iris", SVC(kernel="linear").fit(X, Y))
    server = serve("model=iris", f"host={host}", "auth=none")
    assert server.address.startswith(f"http://{shown}:")
    server.address = server.address.replace("[::]", "[::1]")
    assert server.ask("/score", {"data": X[:1].tolist()})[0] == 200


def test_names_and_their_nearest_setting(register: Any, serve: Any) -> None:
    register("iris", SVC(kernel="linear").fit(X, Y))
    server = serve("model=iris", "hosts=models.lab")
    body = {"data": X[:1].tolist()}
    assert server.ask("/score", body, Host="models.lab:5001")[0] == 200
    status, _, content = server.ask("/score", body, Host="rebind.example")
    assert status == 421 and json.loads(content)["error"]["code"] == "unknown_host"
    for words, said in (
        ("host_s=a", "Did you mean 'hosts'"),
        ("hosts=http://a", "is not a name"),
        ("hosts=a:80", "is not a name"),
    ):
        assert said.lower() in serve("model=iris", words).said[-1].lower()


def test_a_process_that_runs_out_of_descriptors_refuses_early_and_says_so_once(register: Any, serve: Any) -> None:
    register("iris", SVC(kernel="linear").fit(X, Y))
    server = serve("model=iris", before=("prlimit", "--nofile=160:160"))
    port = int(server.address.rpartition(":")[2])
    held, refused = [], 0
    for _ in range(300):
        held.append(socket.create_connection(("127.0.0.1", port), timeout=20))
        held[-1].sendall(b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
        refused += held[-1].recv(20).startswith(b"HTTP/1.1 503")
    assert 150 < refused < 300
    held[0].sendall(b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_for(lambda: b"503" in held[0].recv(10_000))
    for connection in held:
        connection.close()
    wait_for(lambda: server.ask("/score", {"data": X[:1].tolist()})[0] == 200)
    server.stop()
    said = server.process.stdout.read().splitlines()
    assert 1 <= len(said) < 30 and all("connections are open" in line for line in said)
