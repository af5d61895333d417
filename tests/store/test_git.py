"""What is kept of the repository a source is in."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner.store.git import git_state


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HOME", str(tmp_path))
    source = tmp_path / "repository" / "src"
    source.mkdir(parents=True)

    def git(*words: str) -> Any:
        settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        return subprocess.check_output(["git", *settings, *words], cwd=source, text=True).strip()

    return source, git


def test_no_repository(tmp_path: Path) -> None:
    assert git_state(tmp_path, tmp_path / "diff") is None


def test_no_commit_yet(git: Any, tmp_path: Path) -> None:
    source, run = git
    run("init", "-q", "..")
    state = git_state(source, tmp_path / "diff")
    assert state is not None and state.commit is None and state.branch == "main"


@pytest.mark.parametrize("place", ["new.py", "below/new.py"])
def test_what_git_does_not_track_is_a_change(git: Any, tmp_path: Path, place: str) -> None:
    source, run = git
    run("init", "-q", "..")
    run("commit", "-q", "--allow-empty", "-m", "first")
    (source.parent / "elsewhere.py").write_text("not of the source")
    before = git_state(source, tmp_path / "diff")
    (source / place).parent.mkdir(exist_ok=True)
    (source / place).write_text("untracked\n")
    after = git_state(source, tmp_path / "diff")
    assert before is not None and after is not None and (before.dirty, after.dirty) == (False, True)


def test_commit_branch_remote_and_the_difference(git: Any, tmp_path: Path) -> None:
    source, run = git
    run("init", "-q", "..")
    run("remote", "add", "origin", "https://me:hunter@2@example.org/team/flowers.git")
    (source / "train.py").write_text("one\n")
    run("add", ".")
    run("commit", "-qm", "first")
    clean = git_state(source, tmp_path / "diff")
    assert clean is not None
    assert (clean.commit, clean.branch, clean.dirty, clean.diff) == (run("rev-parse", "HEAD"), "main", False, None)
    assert clean.remote == "https://example.org/team/flowers.git"
    (source / "train.py").write_text("two\n")
    (source.parent / "other.txt").write_text("not of the source")
    dirty = git_state(source, tmp_path / "diff")
    assert dirty is not None
    assert dirty.dirty and dirty.diff == "diff"
    assert "+two" in (tmp_path / "diff").read_text() and "other" not in (tmp_path / "diff").read_text()
