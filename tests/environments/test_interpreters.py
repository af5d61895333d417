"""Which Python is taken."""

import os
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.environments.interpreters import Interpreters, as_version
from runner.errors import UserError
from runner.hosts.local import LocalHost
from runner.layout import Layout

OWN = "{}.{}.{}".format(*sys.version_info[:3])


@pytest.fixture
def layout(tmp_path: Path) -> Any:
    return Layout(tmp_path / "w")


@pytest.mark.parametrize("request_", [None, OWN, OWN.rpartition(".")[0], sys.executable])
def test_ones_own_is_found(layout: Layout, request_: Any) -> None:
    interpreter = Interpreters(layout, LocalHost()).find(request_)
    assert interpreter.version.startswith(OWN.rpartition(".")[0])


def test_shims_are_passed_over(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims = tmp_path / "shims"
    shims.mkdir()
    shim = shims / "python{}.{}".format(*sys.version_info[:2])
    shim.write_text("#!/bin/sh\necho called >&2; exit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}{os.pathsep}{os.environ['PATH']}")
    interpreter = Interpreters(layout, LocalHost()).find("{}.{}".format(*sys.version_info[:2]))
    assert "shims" not in interpreter.path.parts


def test_a_known_one_is_not_started_again(layout: Layout) -> None:
    class Counting(LocalHost):
        started = 0

        def run(self, *arguments: Any, **settings: Any) -> Any:
            Counting.started += 1
            return super().run(*arguments, **settings)

    Interpreters(layout, Counting()).find(None)
    before = Counting.started
    Interpreters(layout, Counting()).find(None)
    assert before == Counting.started == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [(None, None), ("3.11", "3.11"), ("3.1", "3.10"), ("3.11.*", "3.11"), (" ==3.11.7 ", "3.11.7"), ("3", "3")],
)
def test_a_version_as_it_is_written(written: str | None, meant: str | None) -> None:
    """YAML has 3.10 as the number 3.1."""
    assert as_version(written) == meant


def test_another_patch_does_if_that_is_asked_for(tmp_path: Path) -> None:
    version = platform.python_version()
    minor = ".".join(version.split(".")[:2])
    interpreters = Interpreters(Layout(tmp_path), LocalHost())
    assert interpreters.find(version, "minor").version == version
    assert interpreters.find(f"{minor}.99", "minor").version.startswith(f"{minor}.")
    with pytest.raises(
        UserError, match=rf"{minor}\.99 is not installed on.*To accept any {minor}: environment.python_match=minor"
    ):
        interpreters.find(f"{minor}.99")
    with pytest.raises(UserError, match=r"3\.99 is not installed on this machine") as caught:
        interpreters.find("3.99", "minor")
    assert "python_match" not in str(caught.value)
