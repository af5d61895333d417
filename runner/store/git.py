"""The state of the source folder's git repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from runner.io.files import write_bytes
from runner.records import GitState

_DIFF_LIMIT = 20 << 20  # bytes


def git_state(source: Path, diff_target: Path) -> GitState | None:
    """Return commit, branch and remote, and whether there are uncommitted changes. Write their diff to a file.

    Return None if the source is not in a repository or git is missing. The diff does not include untracked files.
    """
    if not any((folder / ".git").exists() for folder in (source, *source.parents)):
        return None
    status = _git(source, "status", "--porcelain=v2", "--branch", "--untracked-files=normal", "--", ".")
    if status is None:
        return None
    facts = dict(re.findall(r"^# branch\.(\S+) (.+)$", status.decode(errors="replace"), flags=re.MULTILINE))
    dirty = any(line and not line.startswith(b"#") for line in status.splitlines())
    commit = facts.get("oid")
    diff = _git(source, "diff", "HEAD", "--binary", "--", ".") if dirty and commit != "(initial)" else None
    if diff:
        write_bytes(diff_target, diff[:_DIFF_LIMIT])
    remote = _git(source, "config", "--get", "remote.origin.url")
    return GitState(
        commit=None if commit == "(initial)" else commit,
        branch=facts.get("head"),
        remote=_without_password(remote.decode(errors="replace").strip()) if remote else None,
        dirty=dirty,
        diff=diff_target.name if diff else None,
    )


def _git(folder: Path, *words: str) -> bytes | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _without_password(url: str) -> str:
    """Remove user and password from a URL (invariant 5). Either may contain an ``@``."""
    return re.sub(r"(\w+://)[^/]+@", r"\1", url)
