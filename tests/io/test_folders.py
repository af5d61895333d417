"""Folders are removed whatever their permissions."""

import os
from pathlib import Path
from typing import Any

import pytest

from runner.io.files import append_json_line
from runner.io.folders import remove_tree


def test_a_read_only_tree_can_be_removed(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "c").touch()
    folder.chmod(0o500)
    remove_tree(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    append_json_line(tmp_path / "x", 1)


def test_a_tree_with_a_folder_that_cannot_be_listed_can_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may list every folder, so the refusal is simulated for the folder itself."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    (folder / "c").touch()
    folder.chmod(0)
    opened = os.open

    def refusing(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if path == "b" and not folder.stat().st_mode & 0o700:
            raise PermissionError(13, "Permission denied", path)
        return opened(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refusing)
    remove_tree(tmp_path / "a")
    assert not (tmp_path / "a").exists()
