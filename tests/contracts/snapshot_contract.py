"""The contract of snapshot stores. Inherit the class and define `make_store(**limits)`."""

import os
from pathlib import Path
from typing import Any

import pytest

from runner.errors import UserError


class SnapshotContract:
    @pytest.fixture
    def source(self, tmp_path: Path) -> Any:
        source = tmp_path / "source"
        (source / "pkg").mkdir(parents=True)
        (source / "train.py").write_text("print(1)")
        (source / "pkg" / "a.py").write_text("x = 1")
        return source

    @pytest.fixture
    def said(self) -> Any:
        return []

    def checked_out(self, store: Any, record: Any, tmp_path: Path, name: str = "out") -> Any:
        store.check_out(record.hash, tmp_path / name)
        return sorted(str(p.relative_to(tmp_path / name)) for p in (tmp_path / name).rglob("*") if p.is_file())

    def test_out_comes_what_went_in_writable(self, make_store: Any, source: Any, said: Any, tmp_path: Path) -> None:
        (source / "run.sh").write_text("#!/bin/sh")
        (source / "run.sh").chmod(0o755)
        record = make_store().save(source, said.append)
        assert self.checked_out(make_store(), record, tmp_path) == ["pkg/a.py", "run.sh", "train.py"]
        assert os.access(tmp_path / "out/run.sh", os.X_OK)
        (tmp_path / "out/train.py").write_text("changed")
        make_store().check_out(record.hash, tmp_path / "again")
        assert (tmp_path / "again/train.py").read_text() == "print(1)"

    def test_equal_content_has_one_hash_and_other_content_another(
        self, make_store: Any, source: Any, said: Any
    ) -> None:
        first = make_store().save(source, said.append)
        assert make_store().save(source, said.append) == first
        (source / "train.py").write_text("print(2)")
        assert make_store().save(source, said.append).hash != first.hash

    @pytest.mark.parametrize("name", [".amlignore", ".gitignore"])
    @pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_an_ignore_file_of_any_editor(
        self, name: str, ends: str, mark: str, make_store: Any, source: Any, said: Any, tmp_path: Path
    ) -> None:
        (source / name).write_bytes(f"{mark}pkg/{ends}*.csv{ends}".encode())
        (source / "a.csv").write_text("1")
        assert self.checked_out(make_store(), make_store().save(source, said.append), tmp_path) == [name, "train.py"]

    def test_amlignore_comes_before_gitignore(self, make_store: Any, source: Any, said: Any, tmp_path: Path) -> None:
        (source / ".gitignore").write_text("pkg/\n")
        assert "pkg/a.py" not in self.checked_out(make_store(), make_store().save(source, said.append), tmp_path)
        (source / ".amlignore").write_text("*.py\n!train.py\n")
        files = self.checked_out(make_store(), make_store().save(source, said.append), tmp_path, "second")
        assert files == [".amlignore", ".gitignore", "train.py"]

    def test_what_is_never_copied(self, make_store: Any, source: Any, said: Any, tmp_path: Path) -> None:
        for name in (".git/config", "outputs/old.joblib", "logs/old.log", "__pycache__/a.pyc"):
            (source / name).parent.mkdir(exist_ok=True)
            (source / name).write_text("x")
        assert self.checked_out(make_store(), make_store().save(source, said.append), tmp_path) == [
            "pkg/a.py",
            "train.py",
        ]
        assert any("outputs" in line for line in said)

    def test_too_much_names_the_largest_and_the_setting(self, make_store: Any, source: Any, said: Any) -> None:
        (source / "big.bin").write_bytes(bytes(2_000_000))
        with pytest.raises(UserError, match=r"big\.bin.*job\.snapshot\.max_megabytes"):
            make_store(max_bytes=1_000_000).save(source, said.append)
        with pytest.raises(UserError, match=r"big\.bin.*job\.snapshot\.max_files"):
            make_store(max_files=2).save(source, said.append)

    @pytest.mark.parametrize("name", [".env", "id_rsa", "key.pem", "pkg/credentials.json"])
    def test_secrets_stop_it_unless_allowed(self, make_store: Any, source: Any, said: Any, name: str) -> None:
        (source / name).write_text("secret")
        with pytest.raises(UserError, match="look like secrets"):
            make_store().save(source, said.append)
        assert make_store(allow_secrets=[name]).save(source, said.append).files == 3

    def test_links_in_a_circle_are_refused(self, make_store: Any, source: Any, said: Any) -> None:
        (source / "pkg" / "up").symlink_to(source)
        with pytest.raises(UserError, match="pkg/up"):
            make_store().save(source, said.append)

    def test_a_link_is_copied_as_what_it_points_to(
        self, make_store: Any, source: Any, said: Any, tmp_path: Path
    ) -> None:
        (source / "link.py").symlink_to("train.py")
        record = make_store().save(source, said.append)
        make_store().check_out(record.hash, tmp_path / "out")
        assert not (tmp_path / "out/link.py").is_symlink()
        assert (tmp_path / "out/link.py").read_text() == "print(1)"
