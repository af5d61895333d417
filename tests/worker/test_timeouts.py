"""The product's waiting times: what they are by themselves, who changes them, and that nobody asks for others."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from runner.config.variables import check_variables
from runner.environments.docker.containers import Container
from runner.errors import UserError
from runner.hosts.dask import relay
from runner.hosts.dask.client import DaskClient
from runner.worker import timeouts
from tests.support.command_line import ROOT

# What users are told, or notice: a change of one of these is meant.
TOLD = {"cut_link": 15, "relay_forgotten": 20, "grace": 10, "engine_return": 60, "cancel_unreachable": 20,
        "request_headers": 20, "request_body": 20, "server_look": 0.5}  # fmt: skip


def asked_for() -> Any:
    """Return the names that the product asks for, with the files that do."""
    places: dict[Any, Path] = {}
    for folder in ("runner", "serving"):
        for path in Path(ROOT, folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("timeouts.seconds", "seconds"):
                    (name,) = node.args
                    if isinstance(name, ast.Constant):
                        places.setdefault(name.value, path)
    return places


def test_every_waiting_time_is_used_and_known() -> None:
    assert set(asked_for()) == set(timeouts.DEFAULTS)


def test_they_are_as_told_unless_they_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(timeouts.VARIABLE)
    assert {name: timeouts.seconds(name) for name in TOLD} == TOLD
    assert timeouts.changed() == {} and timeouts.variables() == {} and timeouts.as_text() == ""


def test_some_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, " cut_link = 1.5, grace=30,")
    assert timeouts.seconds("cut_link") == 1.5 and timeouts.seconds("grace") == 30
    assert timeouts.seconds("request_body") == timeouts.DEFAULTS["request_body"]
    assert timeouts.variables() == {timeouts.VARIABLE: "cut_link=1.5,grace=30.0"}


def test_a_relay_and_containers_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, "relay_forgotten=7,grace=4")
    sent = []
    client = DaskClient(cast(Any, None))
    monkeypatch.setattr(client, "_run", lambda _worker, _function, text, _facts: sent.append(text))
    monkeypatch.setattr(client, "_answer", lambda _question: None)
    client.install("tcp://127.0.0.1:1")
    assert "FORGOTTEN, ENDS = 7.0, 60.0" in sent[0]
    options = Container("image", "/workspace").options(writable=[], readable=[], kind="run", run="")
    assert options["environment"][timeouts.VARIABLE] == "grace=4.0,relay_forgotten=7.0"


@pytest.mark.parametrize("given", ["", "cut_link=0.5", "cut_link=600,relay_forgotten=0.5"])
def test_what_has_to_be_shorter_is(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, given)
    assert 2 * timeouts.heartbeat_interval() < timeouts.seconds("cut_link") < timeouts.agent_max_silence()
    assert 2 * timeouts.relay_poll() < timeouts.seconds("relay_forgotten")
    assert relay.FORGOTTEN == relay.ENDS == 0  # whoever sends its text says how many


@pytest.mark.parametrize(
    ("given", "expected"),
    [("cut_lnik=1", "unknown timeout 'cut_lnik'. Known: "), ("grace=soon", "grace=soon is not a number"),
     ("grace", "grace= is not a number"), ("grace=0", "above 0"), ("grace=nan", "above 0")],
)  # fmt: skip
def test_a_mistake_is_named(monkeypatch: pytest.MonkeyPatch, given: str, expected: str) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, given)
    with pytest.raises(UserError, match=re.escape(expected)):
        check_variables()


@pytest.mark.parametrize("words", [("runner", "+experiment=iris"), ("runner.cli", "runs"), ("serving", "model=iris")])
def test_a_mistake_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: Any) -> None:
    monkeypatch.setenv(timeouts.VARIABLE, "grace=soon")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "grace=soon" in done.stderr and done.stderr.count("\n") == 1, done.stderr
