"""Permissions of a workspace: for its owner alone, or for a group that shares it.

A workspace is created with mode 0700, so nobody else can reach its content, whatever that content's modes. One that an
earlier version left open is closed when its owner runs something. A folder that also contains other files is
the user's own and is not changed.

``workspace.shared=GROUP`` opens one to a group: new files inherit the group from their folder, and what one
member writes, the others can read and write.
"""

from __future__ import annotations

import functools
import itertools
import os
import stat
from pathlib import Path

from runner.access.sharing import MARK, members, sharing_of
from runner.errors import UserError
from runner.io.moved_folders import moved_folders

OURS, SHARED = 0o700, 0o2770
_CONTENT = frozenset(
    [
        ".gitignore",
        MARK,
        "runs",
        "models",
        "snapshots",
        "environments",
        "wheels",
        "data",
        "blobs",
        "endpoints",
        "servers",
        "sweeps",
        "pipelines",
    ]
)


def close(root: Path) -> str | None:
    """Close a workspace that is ours and open to others, and return the line that says so."""
    if sharing_of(root) is not None:
        _write_for_group()
        return None
    state = root.stat()
    if state.st_uid != os.geteuid() or not stat.S_IMODE(state.st_mode) & 0o077 or not _is_workspace(root):
        return None
    root.chmod(OURS)
    return f"Other users could read the workspace {root}. It is now private (mode 700)"


def enter(root: Path) -> None:
    """Make new files writable for the group if a group shares the workspace."""
    if sharing_of(root) is not None:
        _write_for_group()


def share(root: Path, group: str) -> str | None:
    """Let a group share a workspace, and return the line that says so the first time.

    Raises
    ------
    UserError
        If the group does not exist, the user is not a member, or the folder is another user's or not only a workspace.
    """
    shared = sharing_of(root)
    if shared is not None and shared.group == group:
        _write_for_group()
        return None
    gid = _gid(group)
    if shared is not None or root.stat().st_uid != os.geteuid():
        raise UserError(f"The workspace {root} is not shared with {group}, and only its owner can share it")
    if not _is_workspace(root):
        raise UserError(
            f"{root} contains other files, so it cannot be shared", "Choose another folder: workspace.root=FOLDER"
        )
    from runner.io.files import write_json
    from runner.io.record import FORMAT

    root.chmod(OURS)
    _write_for_group()
    _hand_over(root, gid)
    write_json(root / MARK, {"format": FORMAT, "shared": group})
    root.chmod(SHARED)
    return f"The workspace {root} is now shared with the group {group}. Its members can run code as each other"


def _gid(group: str) -> int:
    import grp

    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        raise UserError(f"workspace.shared={group}: this machine has no such group") from None
    if gid not in (os.getegid(), *os.getgroups()) or os.geteuid() not in members(gid) | {0}:
        raise UserError(
            f"workspace.shared={group}: you are not a member of that group", "If you have just joined it, log in again"
        )
    return gid


def _hand_over(root: Path, gid: int) -> None:
    """Give all of the user's own files to the group."""
    for folder, folders, names in itertools.chain.from_iterable(map(os.walk, (root, *moved_folders(root)))):
        for path in (Path(folder), *(Path(folder, name) for name in (*folders, *names))):
            state = path.lstat()
            if state.st_uid != os.geteuid() or stat.S_ISLNK(state.st_mode):
                continue
            os.chown(path, -1, gid)
            mode = stat.S_IMODE(state.st_mode)
            path.chmod(mode | SHARED if stat.S_ISDIR(state.st_mode) else mode | (mode & 0o700) >> 3)


def _write_for_group() -> None:
    from runner.io.files import write_for_group  # which a list of runs does without

    os.umask(0o007)
    write_for_group()


def user_name() -> str:
    """Return the name of the current user, or the uid if it has no name."""
    return _name_of(os.geteuid())


@functools.cache
def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _is_workspace(root: Path) -> bool:
    """Return whether a folder contains only what a workspace contains."""
    return all(entry.name in _CONTENT or entry.name.startswith("index.sqlite") for entry in root.iterdir())
