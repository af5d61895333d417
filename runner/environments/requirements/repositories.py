"""Parses requirement lines that name a git repository, and checks repositories out.

A repository is built on this machine, like a folder, so that an environment needs neither git nor access to it.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from runner.environments.requirements.lock import resolving_hint
from runner.errors import UserError
from runner.ports.say import Say

_LINE = re.compile(
    r"(?:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?P<extras>\[[^\]]*\])?\s*@\s*)?"
    r"git\+(?P<address>(?:https?|ssh|git|file)://[^\s#;/]*/[^\s#;]*?)(?:@(?P<revision>[^\s#;@]+))?"
    r"(?:#(?P<fragment>[^\s;]*))?\s*(?:;\s*(?P<marker>.*))?"
)
_EGG = re.compile(r"(?:^|&)egg=([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?")
_SECRET = re.compile(r"(?<=^https)://[^/@]*@|(?<=^http)://[^/@]*@|://[^/@]*:[^/@]*@")
_BELOW = re.compile(r"(?:^|&)subdirectory=([^&]+)")
# git variables, which refer to another repository if this command runs in a hook.
_VARIABLES: dict[str, str | None] = {
    "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_DIR": None, "GIT_WORK_TREE": None, "GIT_INDEX_FILE": None,
}  # fmt: skip


@dataclass(frozen=True)
class Repository:
    """A requirement by repository.

    Parameters
    ----------
    address : str
        The repository's address for git.
    revision : str
        A branch, tag or commit, or empty for the default branch.
    below : str
        The project's folder in the repository, or empty.
    name : str
        The required name, or empty.
    extras : str
        ``[a,b]``, or empty.
    marker : str
        The text after ``;``, or empty.
    """

    address: str
    revision: str
    below: str
    name: str
    extras: str
    marker: str

    @property
    def shown(self) -> str:
        """The address for messages and locks, without a password or token."""
        return _SECRET.sub("://", self.address)


def repository_of(line: str) -> Repository | None:
    """Parse a requirement line that names a repository. Return None for other lines."""
    match = _LINE.fullmatch(line.strip())
    if match is None:
        return None
    fragment = match["fragment"] or ""
    egg, below = _EGG.search(fragment), _BELOW.search(fragment)
    return Repository(
        address=match["address"],
        revision=match["revision"] or "",
        below=unquote(below[1]) if below else "",
        name=match["name"] or (egg[1] if egg else ""),
        extras=match["extras"] or (egg[2] or "" if egg else ""),
        marker=(match["marker"] or "").strip(),
    )


@contextlib.contextmanager
def checked_out(repository: Repository, say: Say) -> Iterator[tuple[Path, str]]:
    """Yield the project's folder in a checked-out repository, and the commit.

    Raises
    ------
    UserError
        If the repository cannot be reached, or lacks the revision or the folder.
    """
    with tempfile.TemporaryDirectory(prefix="vivero-repository-") as made:
        folder = Path(made, Path(repository.address).stem or "project")
        say(f"Fetching {repository.shown}")
        _git(repository, ["clone", "--quiet", "--no-checkout", "--", repository.shown, str(folder)])
        commit = _commit(repository, folder)
        _git(repository, ["checkout", "--quiet", "--detach", commit], folder)
        _git(repository, ["submodule", "--quiet", "update", "--init", "--recursive"], folder)
        project = (folder / repository.below).resolve()
        if not project.is_relative_to(folder.resolve()) or not project.is_dir():
            raise UserError(f"environment: {repository.shown} does not contain the folder {repository.below}")
        try:
            yield project, commit
        except UserError as mistake:  # the message names a temporary folder
            raise UserError(str(mistake).replace(str(folder), f"git+{repository.shown}")) from None


def _commit(repository: Repository, folder: Path) -> str:
    """Return the commit of a branch, a tag or an abbreviated hash. Otherwise ask the server for the revision."""
    revision = repository.revision or "HEAD"
    for name in (f"refs/remotes/origin/{revision}", f"refs/tags/{revision}", revision):
        result = _run(
            repository, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"], folder
        )
        if result[0] == 0:
            return result[1].strip()
    _git(repository, ["fetch", "--quiet", "origin", "--", revision], folder)
    return _run(repository, ["rev-parse", "FETCH_HEAD"], folder)[1].strip()


def _git(repository: Repository, words: list[str], folder: Path | None = None) -> None:
    code, output = _run(repository, words, folder)
    if code != 0:
        lines = [line.strip() for line in output.splitlines() if line.startswith(("fatal:", "error:", "remote:"))]
        why = " ".join(lines).replace(repository.address, repository.shown) or "git gave no reason"
        at = f" at {repository.revision}" if repository.revision else ""
        raise UserError(f"environment: {repository.shown}{at} cannot be fetched: {why}", resolving_hint(why))


def _run(repository: Repository, words: list[str], folder: Path | None) -> tuple[int, str]:
    """Run git, passing passwords and tokens in its environment, because arguments are visible to other users."""
    from runner.hosts.local import LocalHost

    secret = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.address}.insteadOf",
        "GIT_CONFIG_VALUE_0": repository.shown,
    }
    variables = _VARIABLES if repository.shown == repository.address else {**_VARIABLES, **secret}
    done = LocalHost().run(["git", *words], variables=variables, cwd=folder)
    return done.exit_code, done.output.decode(errors="replace")
