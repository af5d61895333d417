"""What comes too late or is too much is refused in time: with an id, in the metrics, in the access log."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.dataplane.plane import DataPlane, Limits
from serving.http.access_check import AccessCheck
from serving.http.app import App
from serving.http.connections.memory_budget import MemoryBudget
from serving.http.gateway import Gateway
from serving.http.keys import Keys
from serving.observe.telemetry import LineLog, Metrics, Telemetry
from tests.support.timeouts import short
from tests.support.waiting import wait_for


class Held:
    """A WSGI application whose answers are held back until they are let go."""

    def __init__(self, inner: Any, lines: Callable[[], Any]) -> None:
        self.inner, self.refuse, self.lines, self.go = inner, inner.refuse, lines, threading.Event()
        self.begun: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.begun.append(environ["PATH_INFO"])
        self.go.wait(20)
        return self.inner(environ, start_response)


@pytest.fixture
def held(metrics: Metrics, tmp_path: Path) -> Iterator[Any]:
    log = LineLog(tmp_path / "access.jsonl", metrics.dropped)
    app = App(DataPlane(Limits()), Keys(None), Telemetry(metrics, log, None, 0))

    def lines() -> Any:
        log.flush()
        path = tmp_path / "access.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    held = Held(app.wsgi, lines)
    yield held
    held.go.set()
    log.close()


def gateway(held: Any, *, threads: int = 1, queue: int = 8, timeout: float = 0.2) -> Any:
    return Gateway(
        held, held.refuse, lambda _: False, lambda _: None,
        access_check=AccessCheck(Keys(None)), memory_budget=MemoryBudget(1 << 20, 100),
        max_bytes=1000, threads=threads, queue=queue, timeout=timeout,
    )  # fmt: skip


async def ask(app: Any, path: str = "/score", messages: Any = None, headers: Any = ()) -> Any:
    """Return status, headers and JSON of one POST."""
    messages = messages or [{"type": "http.request", "body": b"{}"}]
    sent, left = [], iter(messages)

    async def receive() -> Any:
        message = next(left, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    given = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked"), *headers]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": given}
    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, json.loads(sent[1]["body"])


def check(answer: Any, status: Any, code: Any, held: Any, request_id: Any = None) -> Any:
    """Check that a refusal has its id everywhere, and that it was told of once."""
    answered, headers, body = answer
    assert (answered, body["error"]["code"]) == (status, code)
    assert headers["x-request-id"] == body["request_id"] == (request_id or body["request_id"]) is not None
    (line,) = [line for line in held.lines() if line["request_id"] == body["request_id"]]
    assert (line["status"], line["error"]) == (status, code)
    return line


def test_what_takes_too_long_or_waits_too_long_is_given_up_and_never_begun(held: Any, metrics: Metrics) -> None:
    before = metrics.errors.labels("too_late")._value.get()

    async def run() -> Any:
        app = gateway(held)
        answers = await asyncio.gather(
            ask(app, "/score/a", headers=[(b"x-request-id", b"mine")]), ask(app, "/score/b"), ask(app, "/score/c")
        )
        assert len(app._work) == 1  # the thread that cannot be stopped
        held.go.set()
        while app._work:
            await asyncio.sleep(0.01)
        return answers

    answers = asyncio.run(run())
    assert held.begun == ["/score/a"]
    line = check(answers[0], 504, "too_late", held, "mine")
    assert 0.2 <= line["seconds"] < 5
    for answer in answers[1:]:
        check(answer, 504, "too_late", held)
        assert answer[1]["retry-after"] == "1"
    assert metrics.errors.labels("too_late")._value.get() == before + 3


def test_a_full_queue_and_one_that_was_given_up_still_counts(held: Any) -> None:
    async def run() -> Any:
        app = gateway(held, queue=1)
        first = asyncio.ensure_future(ask(app))
        while not held.begun:
            await asyncio.sleep(0.01)
        refused = [await ask(app)]
        late = await first
        refused.append(await ask(app))
        held.go.set()
        while app._work:
            await asyncio.sleep(0.01)
        return late, refused, await ask(app)

    late, refused, after = asyncio.run(run())
    check(late, 504, "too_late", held)
    for answer in refused:
        check(answer, 429, "busy", held)
        assert answer[1]["retry-after"] == "1"
    assert after[0] == 503  # it has no model: the request came as far as the app


def test_bodies_that_are_too_long_cut_off_or_slow(held: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVERO_TIMEOUTS", short(request_body=0.2))
    part = {"type": "http.request", "body": b"x" * 600, "more_body": True}

    async def run() -> Any:
        app = gateway(held)
        gone = {"type": "http.disconnect"}
        return await asyncio.gather(
            ask(app, headers=[(b"content-length", b"2000")]), ask(app, messages=[part, part]),
            ask(app, messages=[part, gone]), ask(app, messages=[part], headers=[(b"x-request-id", b"not valid")]),
        )  # fmt: skip

    large, chunked, cut, slow = asyncio.run(run())
    check(large, 413, "too_large", held)
    check(chunked, 413, "too_large", held)
    check(cut, 400, "cut_off", held)
    assert check(slow, 408, "too_slow", held)["seconds"] >= 0.2
    assert slow[1]["x-request-id"] != "not valid"
    assert all(answer[1]["connection"] == "close" for answer in (large, chunked, cut, slow))
    assert held.begun == []


def test_a_request_in_a_models_queue_leaves_when_it_was_given_up() -> None:
    from serving.dataplane.batching import Batcher, wait_no_longer_than
    from serving.errors import ServingError

    go, calls, answers = threading.Event(), [], []

    def function(rows: Any) -> Any:
        calls.append(rows)
        go.wait(20)
        return rows

    batcher: Any = Batcher(function, lambda _: None)  # what it passes on need not be an array

    def wait() -> None:
        wait_no_longer_than(0.0)
        with pytest.raises(ServingError) as refused:
            batcher([2])
        answers.append(refused.value.status)

    first = threading.Thread(target=lambda: answers.append(batcher([1])))
    first.start()
    wait_for(lambda: calls)
    second = threading.Thread(target=wait)
    second.start()
    second.join(10)
    assert answers == [504]
    go.set()
    first.join(10)
    assert answers == [504, [1]] and calls == [[1]]


def test_a_server_whose_model_is_slow_says_504_and_goes_on(register: Any, serve: Any) -> None:
    from tests.support.estimators.slow import Slow

    register("slow", Slow().fit([[0.0]], [0]))
    server = serve("model=slow", "timeout=0.5")
    slow, quick = ({"data": [[seconds]]} for seconds in (3.0, 0.0))
    status, headers, content = server.ask("/score", slow, x_request_id="mine")
    assert (status, json.loads(content)["error"]["code"], headers["x-request-id"]) == (504, "too_late", "mine")
    assert server.ask("/score", quick)[0] == 200
    assert b'vivero_errors_total{code="too_late"} 1.0' in server.ask("/metrics")[2]
    assert server.stop() == 0


def test_many_quick_answers_let_others_in_between(held: Any) -> None:
    held.go.set()
    seen = []

    def slow(environ: Any, start_response: Any) -> Any:
        seen.append("answer")
        threading.Event().wait(0.04)
        return held.inner(environ, start_response)

    async def run() -> Any:
        app = Gateway(
            slow, held.refuse, lambda _: True, lambda _: None,
            access_check=AccessCheck(Keys(None)), memory_budget=MemoryBudget(1 << 20, 100),
            max_bytes=1000, threads=1, queue=8,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, seen.append, "other")
        return await asyncio.gather(*(ask(app) for _ in range(8)))

    assert [answer[0] for answer in asyncio.run(run())] == [503] * 8
    assert "other" in seen[:6]
