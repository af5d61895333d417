"""Users of one machine, some of them in a group. Their commands run under accounts of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.command_line import ROOT, CommandLine
from tests.support.components import missing

GROUP, GID = "team", 45000
MEMBERS = {"ada": 45001, "bob": 45002}
OTHERS = {"eve": 45003}
# Set up in the command's mount namespace: the accounts, and a Python below a folder that others can't read.
_BEGIN = """
set -e
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
if [ -n "$2" ]; then
    mount --bind "$3" "$1/python"
    mount -t tmpfs -o mode=755 tmpfs "$2"
    mkdir -p "$3"
    mount --bind "$1/python" "$3"
fi
shift 3
exec "$@"
"""


class Colleague(CommandLine):
    """A user with a folder in which the commands run."""

    def __init__(self, name: str, place: Path) -> None:
        super().__init__(place / name)
        self.uid = {**MEMBERS, **OTHERS}[name]
        self._place, self._groups = place, ["--groups", str(GID)] if name in MEMBERS else ["--clear-groups"]
        self.folder.mkdir(mode=0o755)
        os.chown(self.folder, self.uid, self.uid)

    def start(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start ``python -m WORDS`` as this user."""
        python = Path(sys.base_prefix)
        closed = next((str(parent) for parent in reversed(python.parents) if not parent.stat().st_mode & 0o001), "")
        as_user = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", *self._groups]
        before = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _BEGIN, "sh"]
        variables = {"HOME": str(self.folder), "TMPDIR": str(self.folder), **options.pop("variables", {})}
        return super().start(
            *words, before=[*before, str(self._place), closed, str(python), *as_user], variables=variables, **options
        )


@contextmanager
def colleagues() -> Iterator[tuple[Path, dict[str, Colleague]]]:
    """Yield a folder that all users can reach, which belongs to Ada and the group, and the users by name."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not ROOT.stat().st_mode & 0o001:
        missing("only root can be several users")
    place = Path(tempfile.mkdtemp(prefix="colleagues-", dir="/tmp"))
    try:
        place.chmod(0o755)
        (place / "python").mkdir()
        everybody = {**MEMBERS, **OTHERS}
        lines = [f"{name}:x:{uid}:{uid}::{place / name}:/bin/sh\n" for name, uid in everybody.items()]
        (place / "passwd").write_text("".join(["root:x:0:0::/root:/bin/sh\n", *lines]))
        groups = [f"{name}:x:{uid}:\n" for name, uid in everybody.items()]
        (place / "group").write_text("".join(["root:x:0:\n", *groups, f"{GROUP}:x:{GID}:{','.join(MEMBERS)}\n"]))
        (place / "shared").mkdir()
        os.chown(place / "shared", MEMBERS["ada"], MEMBERS["ada"])
        yield place / "shared" / "workspace", {name: Colleague(name, place) for name in everybody}
    finally:
        shutil.rmtree(place)
