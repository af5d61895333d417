"""Endpoints that are processes of this machine keep to the contract."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from runner.clock import now
from runner.endpoint_settings import EndpointSettings
from runner.endpoints.launch import check_interpreter, start
from runner.endpoints.store import EndpointStore
from runner.errors import UserError
from runner.layout import Layout
from runner.records import EndpointRecord
from runner.worker import sealing
from tests.contracts.servers_contract import ServersContract


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


@pytest.mark.parametrize("how", ["replaced", "written by others"])
def test_an_interpreter_that_is_not_what_was_built_is_not_started(how: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "workspace")
    prefix = layout.environment("e" * 32)
    python, mark = prefix / "bin" / "python", tmp_path / "started"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    sealing.seal(str(prefix))
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
