"""What is noticed of an environment that was changed, and what it costs."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from runner.worker import environment_seal
from tests.support.attacks.tampering import TAMPERING

PYTHON = "bin/python"


@pytest.fixture(params=["inside", "inside, by a link", "outside"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the interpreter of a sealed environment, which is in it or linked to."""
    prefix = tmp_path / "environment"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "lib/python3.11/site-packages").mkdir(parents=True)
    (tmp_path / "usr").mkdir()
    where = {
        "inside": prefix / PYTHON,
        "inside, by a link": prefix / "bin/python3.11",
        "outside": tmp_path / "usr/python3.11",
    }[request.param]
    where.write_bytes(os.urandom(3000))
    if request.param != "inside":
        (prefix / PYTHON).symlink_to(where if request.param == "outside" else "python3.11")
    environment_seal.seal(str(prefix))
    assert environment_seal.changes(str(prefix)) == []
    return where


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return str(tmp_path / "environment")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return which interpreters were read as a whole."""
    opened: list[str] = []
    whole = environment_seal._hash

    def read(path: str) -> str:
        opened.append(path)
        return whole(path)

    monkeypatch.setattr(environment_seal, "_hash", read)
    return opened


@pytest.mark.parametrize("how", TAMPERING)
def test_another_interpreter_is_noticed(how: str, program: Path, prefix: str) -> None:
    TAMPERING[how](program)
    assert environment_seal.changes(prefix) == [PYTHON]
    assert environment_seal.changes(prefix) == [PYTHON]  # it does not become the known one


def test_a_link_that_leads_elsewhere_is_noticed(program: Path, prefix: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copy2(program, other)
    Path(prefix, PYTHON).unlink()
    Path(prefix, PYTHON).symlink_to(other)
    assert environment_seal.changes(prefix) == [PYTHON]


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "{}", '{"bin/python": null}', '{"bin/python": {}}'])
def test_what_was_kept_was_changed(content: str, program: Path, prefix: str) -> None:
    Path(prefix, environment_seal.SEAL).write_text(content)
    assert environment_seal.changes(prefix)


def test_what_is_as_it_was_is_not_read(program: Path, prefix: str, unread: list[str]) -> None:
    assert environment_seal.changes(prefix) == [] and unread == []
    os.utime(program)
    assert environment_seal.changes(prefix) == [] and unread == [str(program)]
    assert environment_seal.changes(prefix) == [] and unread == [str(program)]  # its new times are known


def test_a_copied_or_moved_environment_is_the_same(program: Path, prefix: str, tmp_path: Path) -> None:
    Path(prefix).rename(tmp_path / "moved")
    assert environment_seal.changes(str(tmp_path / "moved")) == []
    shutil.copytree(tmp_path / "moved", prefix, symlinks=True)
    assert environment_seal.changes(prefix) == []


def test_one_that_cannot_be_written_is_compared(program: Path, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(environment_seal, "_write", refuse)
    os.utime(program)
    assert environment_seal.changes(prefix) == []
