"""Checks who owns a path. Files that others could have written are displayed but never executed.

A path is trusted if it belongs to the user or to root, and nobody else can write it. Its group may where that is the
owner's own (the same name, and nobody else in it), as many Linux distributions set up their users. Links are not
followed: a link is refused where a file or folder is expected. A folder that the workspace's owner has moved (see
`moved`) is checked at its new place. ``VIVERO_TRUSTED`` names workspaces, separated by colons, that are trusted
whatever their owner.

In a workspace that a group shares (see `sharing`), files of its members are trusted and may be writable by the group.
If the workspace was found in a parent folder instead of named, this only applies if the user owns it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from runner.access.sharing import Sharing, sharing_of
from runner.errors import UserError
from runner.io.moved_folders import moved_above

VARIABLE = "VIVERO_TRUSTED"
_ROOT = 0
_WRITABLE = "can be written by others"


def check_workspace(root: Path, *, discovered: bool = False) -> None:
    """Refuse to execute anything in a workspace that others could have written.

    A link to a workspace is the user's choice if it belongs to the user; what it leads to is checked too.

    Parameters
    ----------
    discovered : bool
        Whether it was found by searching rather than named.

    Raises
    ------
    UserError
        Naming the owner, or the command that closes it.
    """
    if is_named(root):
        return
    state = os.lstat(root)
    sharing = None if discovered and root.stat().st_uid not in (os.geteuid(), _ROOT) else sharing_of(root)
    why = _why(root, state, sharing, link=True)
    if why is None and stat.S_ISLNK(state.st_mode):
        why = _why(root, root.stat(), sharing)
    if why is not None:
        raise _refusal(f"The workspace {root}", why, root, root)


def check(root: Path, *paths: Path, link: bool = False) -> None:
    """Refuse to use what is in a workspace if others could have written it; missing paths are skipped.

    Parameters
    ----------
    root : Path
        The workspace.
    paths : sequence of Path
        The paths about to be used.
    link : bool
        Whether it may be a link, such as an environment's interpreter.

    Raises
    ------
    UserError
        Naming the path and the problem.
    """
    sharing = sharing_of(root)
    behind = [moved_above(root, path) for path in paths]
    for path, moved in [
        *((folder, folder) for folder in dict.fromkeys(behind) if folder),
        *zip(paths, behind, strict=True),
    ]:
        try:
            state = path.stat() if path == moved else os.lstat(path)
        except FileNotFoundError:
            continue
        why = _why(path, state, sharing, link=link)
        closed = _is_closed(moved.resolve() if moved else root)
        if why is not None and not is_named(root) and not (why == _WRITABLE and closed):
            raise _refusal(str(path), why, path, root)


def is_trusted(root: Path) -> bool:
    """Return whether a workspace is trusted."""
    try:
        check_workspace(root)
    except UserError:
        return False
    return True


def is_named(root: Path) -> bool:
    """Return whether ``VIVERO_TRUSTED`` lists a workspace."""
    named = os.environ.get(VARIABLE)
    return bool(named) and os.path.abspath(root) in [os.path.normpath(path) for path in str(named).split(os.pathsep)]


def _why(path: Path, state: os.stat_result, sharing: Sharing | None, *, link: bool = False) -> str | None:
    """Return what is wrong with a path, None if nothing is."""
    if state.st_uid not in (os.geteuid(), _ROOT) and (sharing is None or state.st_uid not in sharing.owners):
        return f"belongs to {user_of(state.st_uid)}"
    if stat.S_ISLNK(state.st_mode):  # its mode says nothing
        return None if link else "is a link"
    if sharing is not None and state.st_gid == sharing.gid and not state.st_mode & stat.S_IWOTH:
        return None  # only the group can enter
    if state.st_mode & stat.S_IWOTH or (state.st_mode & stat.S_IWGRP and not _is_private(path, state)):
        return _WRITABLE
    return None


def _is_private(path: Path, state: os.stat_result) -> bool:
    """Return whether a file's group consists of its owner. An access control list is not visible in the mode."""
    import grp
    import pwd

    try:
        group, owner = grp.getgrgid(state.st_gid), pwd.getpwuid(state.st_uid).pw_name
    except KeyError:
        return False
    return group.gr_name == owner and set(group.gr_mem) <= {owner} and not _has_list(path)


def _is_closed(root: Path) -> bool:
    """Return whether only its owner can enter a workspace or a moved folder, whatever the modes inside it."""
    state = os.lstat(root)
    return stat.S_ISDIR(state.st_mode) and not state.st_mode & 0o077 and state.st_uid in (os.geteuid(), _ROOT)


def _has_list(path: Path) -> bool:
    try:
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:  # the file system has none
        return False


def user_of(uid: int) -> str:
    """Return a user's name for messages."""
    import pwd

    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"another user (uid {uid})"


def _refusal(what: str, why: str, path: Path, root: Path) -> UserError:
    mend = (
        f"Close it with chmod -R go-w {path}, or trust"
        if why == _WRITABLE
        else "Use a workspace of your own, or trust it with"
    )
    return UserError(f"{what} {why}, so it is not used", f"{mend} the workspace: {VARIABLE}={root}")
