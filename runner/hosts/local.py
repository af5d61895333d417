"""The controller's own machine as a host."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from runner.errors import UserError
from runner.io.files import write_bytes
from runner.io.folders import remove_tree
from runner.io.locks import locked
from runner.ports.host import Completed, Interpreter
from runner.ports.say import Say

_finding = threading.Lock()


def local_uv() -> str:
    """Return the path of uv.

    Only one thread searches at a time: uv asks ``sysconfig``, which a second thread can see half initialized.
    """
    from uv import find_uv_bin

    with _finding:
        return find_uv_bin()


class LocalHost:
    """The machine that the controller runs on."""

    is_local = True
    root: Path | None = None
    target: str | None = None
    fetches = True

    def __init__(self) -> None:
        self.name = socket.gethostname()
        self.path = os.environ.get("PATH", os.defpath)

    def uv(self) -> str:
        """Return the path of uv."""
        return local_uv()

    def pythons(self) -> list[Interpreter]:
        """Return an empty list; `environments.interpreters` finds the interpreters of this machine."""
        return []

    def run(
        self,
        argv: Sequence[str],
        *,
        variables: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        say: Say | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a command until it ends, passing its output to `say` line by line.

        Raises
        ------
        UserError
            If the program is missing or exceeds the timeout.
        """
        environment = dict(os.environ)
        for name, value in (variables or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=cwd,
            )
        except OSError as error:
            raise UserError(f"{argv[0]} cannot be run: {error.strerror}") from None
        return self._collect(process, argv[0], say, timeout)

    def _collect(
        self, process: subprocess.Popen[bytes], program: str, say: Say | None, timeout: float | None
    ) -> Completed:
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout or threading.TIMEOUT_MAX, expire)
        timer.daemon = True
        if timeout is not None:
            timer.start()
        output = bytearray()
        try:
            assert process.stdout is not None  # noqa: S101 - Popen was given a pipe
            for line in process.stdout:
                output += line
                if say is not None:
                    say(line.decode(errors="replace").rstrip())
            code = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            timer.cancel()
        if expired.is_set():
            raise UserError(f"{program} took more than {timeout:g} s and was ended")
        return Completed(code, bytes(output))

    def exists(self, path: Path) -> bool:
        """Return whether a path exists."""
        return path.exists()

    def read(self, path: Path) -> bytes:
        """Return a file's content."""
        return path.read_bytes()

    def write(self, path: Path, content: bytes) -> None:
        """Replace a file atomically, creating its folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)

    def put(self, local: Path, remote: Path) -> None:
        """Copy a file or folder."""
        remote.parent.mkdir(parents=True, exist_ok=True)
        if local.is_dir():
            shutil.copytree(local, remote, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(local, remote)

    def get(self, remote: Path, local: Path) -> None:
        """Copy a file or folder."""
        self.put(remote, local)

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder."""
        old.rename(new)

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder and its contents."""
        remove_tree(path)

    def lock(self, path: Path) -> AbstractContextManager[object]:
        """Return a context manager that holds a lock. The lock is released if this process dies."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return locked(path)
