"""Copies for users: all of it or nothing, and one line where that is not possible."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runner.api.copies import copy_file, new_folder
from runner.errors import UserError
from tests.support.users import nobody


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for target in (tmp_path, tmp_path / "there", tmp_path / "new", tmp_path / "new" / "deep"):
        with nobody(), pytest.raises(UserError, match="Permission denied") as refused, new_folder(target):
            raise AssertionError("it was opened")
        assert str(refused.value).startswith(f"Cannot write to {target}: ")
    assert [entry.name for entry in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("target", ["/proc/new", "file/new", "x" * 300])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"^Cannot write to "), new_folder(tmp_path / target):
        raise AssertionError("it was opened")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


NO_FILES: dict[str, Callable[[Path], object]] = {
    "missing": Path.exists,
    "fifo": os.mkfifo,
    "folder": os.mkdir,
    "link": lambda path: path.symlink_to("/etc/passwd"),
}


@pytest.mark.parametrize("what", NO_FILES)
def test_what_took_the_place_of_a_file_is_not_copied(tmp_path: Path, what: str) -> None:
    NO_FILES[what](tmp_path / "a")
    with pytest.raises(UserError, match=r"a (cannot be read|is not a regular file)"):
        copy_file(tmp_path / "a", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
