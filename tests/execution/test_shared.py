"""What trials share is made once, and again when it is no longer what it was."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runner.execution import shared
from runner.layout import Layout
from runner.worker import environment_seal

KEY = "0123456789abcdef0123456789abcdef"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("runner.execution.shared.time.monotonic", clock)
    return clock


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return the folder of packages of an environment that was built in a workspace."""
    prefix = Layout(tmp_path).environment(KEY)
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python").write_bytes(b"#!/bin/sh\n")
    packages = prefix / "lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    (prefix / environment_seal.RECORD).write_text(json.dumps({}))
    environment_seal.seal(str(prefix))
    return packages


def looks(tmp_path: Path) -> Any:
    handle = SimpleNamespace(record=SimpleNamespace(key=KEY))
    look = shared._Looks(Layout(tmp_path))
    return lambda: look.is_intact(cast(Any, handle))


def test_an_environment_that_a_run_gave_up_is_prepared_anew_at_once(
    packages: Path, clock: Clock, tmp_path: Path
) -> None:
    is_intact = looks(tmp_path)
    assert is_intact()
    (packages / "more.py").touch()
    assert environment_seal.notes(str(packages.parents[2]))  # as its worker does
    assert not is_intact()


def test_one_that_was_changed_otherwise_is_noticed_within_a_second(
    packages: Path, clock: Clock, tmp_path: Path
) -> None:
    is_intact = looks(tmp_path)
    assert is_intact()
    (packages / "more.py").touch()
    clock.now += 1
    assert not is_intact()


def test_an_environment_that_was_not_built_here_is_left_as_it_is(clock: Clock, tmp_path: Path) -> None:
    is_intact = looks(tmp_path)
    assert is_intact() and is_intact()  # the current one, or an image
