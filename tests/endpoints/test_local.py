"""Endpoints that are processes of this machine keep to the contract."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.process import check_interpreter, start, stop
from runner.endpoints.store import EndpointStore
from runner.errors import UserError
from runner.io.clock import now
from runner.io.files import write_json
from runner.io.locks import locked
from runner.layout import Layout
from runner.records import EndpointRecord
from runner.worker import environment_seal
from tests.contracts.servers_contract import ServersContract, X, Y, ask
from tests.support.chatty import BYTES, Chatty
from tests.support.waiting import wait_for


class TestLocal(ServersContract):
    @pytest.fixture
    def settings(self) -> Any:
        return ["--set", "port=0", "--set", "poll=0.05"]

    def moments(self, layout: Layout) -> Iterator[Callable[[], bool]]:
        yield lambda: False  # it has ended
        yield lambda: True  # at once
        record = layout.endpoint("iris").record
        before = record.read_bytes()
        yield lambda: record.read_bytes() != before

    def test_what_is_printed_is_bounded(self, vivero: Any, register_here: Any, settings: Any, layout: Layout) -> None:
        """Who prints into the log goes on to do so after a part was put aside."""
        register_here("chatty", Chatty(strategy="constant", constant=0).fit(X, Y))
        made = vivero("deploy", "chatty", *settings, "--set", "log_megabytes=0.01")
        endpoint = layout.endpoint("chatty")
        for _ in range(5):
            assert ask(made["address"]) == (200, "chatty:1", [0])
            wait_for(lambda: endpoint.earlier_log.exists() and endpoint.log.stat().st_size < BYTES)
        kept = endpoint.earlier_log.read_bytes() + endpoint.log.read_bytes()
        assert len(kept) < 4 * BYTES
        assert b"own" in kept and b"other" in kept and vivero("logs", "chatty")["text"].encode() == kept
        assert vivero("logs", "chatty", "--name", "server.log.1")["text"].encode() == endpoint.earlier_log.read_bytes()
        vivero("stop", "chatty")
        assert sorted(path.name for path in endpoint.logs.glob("*server.log*")) == ["server.log", "server.log.1"]


def test_an_endpoint_that_is_just_starting_is_stopped(tmp_path: Path) -> None:
    """Its server holds the endpoint a moment before it writes down which process it is."""
    store = EndpointStore(Layout(tmp_path))
    store.write(EndpointRecord(name="a", created=now(), settings=asdict(EndpointSettings(name="a"))))
    endpoint = store.layout.endpoint("a")
    with subprocess.Popen(["sleep", "60"]) as server, ThreadPoolExecutor() as others, locked(endpoint.lock) as held:
        stopping = others.submit(stop, store, "a")
        assert held
        wait_for(stopping.running, 10)
        write_json(endpoint.process, {"pid": server.pid, "port": 0, "started": now()})
        wait_for(lambda: server.poll() is not None, 10)
        assert not stopping.done()
    assert stopping.result() is True


def test_an_endpoint_whose_process_is_unknown_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.endpoints.process._ENDING", 0.1)
    store = EndpointStore(Layout(tmp_path))
    settings = EndpointSettings(name="a", stop_timeout=0.01)
    store.write(EndpointRecord(name="a", created=now(), settings=asdict(settings)))
    with (
        locked(store.layout.endpoint("a").lock),
        pytest.raises(UserError, match=r"process.json does not record its process id"),
    ):
        stop(store, "a")


@pytest.mark.parametrize("how", ["replaced", "written by others"])
def test_an_interpreter_that_is_not_what_was_built_is_not_started(how: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "workspace")
    prefix = layout.environment("e" * 32)
    python, mark = prefix / "bin" / "python", tmp_path / "started"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    environment_seal.seal(str(prefix))
    store = EndpointStore(layout)
    record = EndpointRecord(name="a", created=now(), settings=asdict(EndpointSettings(name="a")), python=str(python))
    store.write(record)
    check_interpreter(layout, record)
    if how == "replaced":
        python.unlink()
        python.write_text(f"#!/bin/sh\ntouch {mark}\n")
        python.chmod(0o755)
    else:
        prefix.chmod(0o777)
    with pytest.raises(UserError, match=r"bin/python changed\. Deploy it again|can be written by others"):
        start(store, "a", print)
    assert not mark.exists()
