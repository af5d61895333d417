"""Workspaces that a group shares, and when their own statement of that is trusted.

``workspace.json`` in the root names the group. It is trusted if the root belongs to that group, nobody outside the
group can enter, and the owners of the root and of the file are members. Members then trust each other's files, and
so can run code as each other.
"""

from __future__ import annotations

import functools
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

MARK = "workspace.json"
_ROOT = 0


@dataclass(frozen=True)
class Sharing:
    """The group that shares a workspace. `owners` are the users whose files its members trust."""

    group: str
    gid: int
    owners: frozenset[int]


def sharing_of(root: Path) -> Sharing | None:
    """Return the group that shares a workspace with this user, None if none does."""
    try:
        mark = os.lstat(os.path.join(root, MARK))  # most have none
        state = root.stat()
    except OSError:
        return None
    if not stat.S_ISREG(mark.st_mode) or mark.st_size > 1 << 16 or state.st_mode & 0o007:
        return None
    sharing = _read(root / MARK, mark.st_mtime_ns, mark.st_ino)
    if sharing is None or sharing.gid != state.st_gid or not {state.st_uid, mark.st_uid} <= sharing.owners:
        return None
    return sharing if os.geteuid() in sharing.owners else None


@functools.lru_cache(maxsize=16)
def _read(path: Path, _time: int, _file: int) -> Sharing | None:
    import grp

    try:
        name = json.loads(path.read_bytes())["shared"]
        group = grp.getgrnam(name)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Sharing(name, group.gr_gid, members(group.gr_gid) | {_ROOT})


def members(gid: int) -> frozenset[int]:
    """Return the members of a group: listed users and users whose primary group it is."""
    import grp
    import pwd

    listed = set(grp.getgrgid(gid).gr_mem)
    return frozenset(user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid or user.pw_name in listed)
