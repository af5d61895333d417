"""The unprivileged user of a cluster. It sees only what the commands need of this machine, and no node's disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.command_line import ROOT
from tests.support.nodes.blocks import Block, end_processes_of
from tests.support.suite import caches

_SETUP = Path(__file__).with_name("home.sh")
_DROPPED = ("XDG_", "SSH_", "DOCKER_", "TMPDIR", "SUDO_", "UV_CACHE_DIR", "RATTLER_", "CONDA_")


class User:
    """A user with a home, whose commands run under a separate account and in a separate mount namespace."""

    name = "ada"

    def __init__(self, folder: Path, block: Block) -> None:
        self.uid, self.folder, self.home = block.uid, folder, folder / "home"
        packages = caches.folder() / "packages" / str(block.number)
        packages.mkdir(parents=True, exist_ok=True)
        for path in (self.home, self.home / ".ssh", self.home / ".cache", self.home / ".cache" / "uv"):
            path.mkdir(parents=True, mode=0o700)
        for path in (packages, self.home, *self.home.rglob("*")):
            os.chown(path, self.uid, self.uid)
        self._first: subprocess.Popen[str] | None = None
        self._pid = self._enter(packages)

    def _enter(self, packages: Path) -> int:
        """Start the process that keeps the user's mount namespace alive."""
        root = self.folder / "root"
        root.mkdir()
        account = f"{self.name}:x:{self.uid}:{self.uid}::{self.home}:/bin/sh"
        with (self.folder / "log").open("ab") as log:
            self._first = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "sh", str(_SETUP),
                 str(root), account, str(self.home), str(packages), *_needed()],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        assert self._first.stdout is not None
        line = self._first.stdout.readline()
        self._first.stdout.close()
        assert line, f"the user has no file system: {(self.folder / 'log').read_text()}"
        return int(line)

    def words(self, folder: Path) -> list[str]:
        """Return the prefix that runs a command as the user in a folder."""
        dropped = [f"--unset={name}" for name in os.environ if name.startswith(_DROPPED)]
        return [
            "nsenter", f"--mount=/proc/{self._pid}/ns/mnt", "env", f"--chdir={folder}", *dropped, "setpriv",
            f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "--no-new-privs", "--bounding-set=-all",
        ]  # fmt: skip

    def variables(self) -> dict[str, str]:
        """Return the variables of the user's commands."""
        return {"HOME": str(self.home), "USER": self.name, "LOGNAME": self.name}

    def give(self, path: Path) -> Path:
        """Make the user the owner of a file or folder."""
        os.chown(path, self.uid, self.uid)
        return path

    def new_folder(self, name: str) -> Path:
        """Return a new folder in the user's home, whose name starts with `name`."""
        folder = Path(tempfile.mkdtemp(prefix=f"{re.sub(r'[^a-z0-9_]+', '-', name)[:60]}.", dir=self.home))
        return self.give(folder)

    def give_folder(self, path: Path) -> Path:
        """Create a folder that the user owns."""
        path.mkdir()
        return self.give(path)

    def end(self) -> None:
        """Kill all processes of the user."""
        end_processes_of(self.uid)

    def close(self) -> None:
        """End the user's processes and remove the file system."""
        self.end()
        if self._first is not None:
            self._first.kill()
            self._first.wait(10)


def _needed() -> list[str]:
    """Return the paths outside the system's folders that commands read."""
    files = ["/etc/resolv.conf", *(os.environ[name] for name in ("SSL_CERT_FILE",) if os.environ.get(name))]
    paths = [str(ROOT), sys.prefix, sys.base_prefix, *map(os.path.realpath, files)]
    return [path for path in dict.fromkeys(paths) if not path.startswith(("/usr/", "/etc/")) and path != "/usr"]
