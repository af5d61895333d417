"""A machine with an agent, as a host."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, cast

from runner.errors import UserError
from runner.hosts.remote.client import PIECE, Client, RefusedError, Request
from runner.hosts.remote.streams import ExpiredError, Feed, RemoteFile, output_of
from runner.hosts.remote.target import target_of
from runner.ports.host import Completed, Interpreter
from runner.ports.say import Say


class Tools(Protocol):
    """Provides the tools for building environments on a host."""

    def uv(self, host: RemoteHost) -> str:
        """Return the path of uv on the host."""

    def pythons(self, host: RemoteHost) -> list[Interpreter]:
        """Return the interpreters on the host."""


class RemoteHost:
    """A machine with an agent. Paths are paths on the host, and ``~`` is the user's home there.

    Parameters
    ----------
    client : Client
        The agent's client.
    facts : mapping or None
        Facts from the agent: ``root``, ``path``, ``platform``, ``libc``.
    tools : Tools or None
        Provides the tools for building environments.
    fetches : bool
        Whether the host downloads packages itself.
    """

    is_local = False

    def __init__(
        self,
        client: Client,
        facts: Mapping[str, Any] | None = None,
        tools: Tools | None = None,
        *,
        fetches: bool = True,
    ) -> None:
        self._client, self.name, self._tools, self.fetches = client, client.name, tools, fetches
        known = facts or {}
        self.root = Path(known.get("root", ""))
        self.target: str | None = target_of(known) if known else None
        self.path = str(known.get("path", ""))

    def uv(self) -> str:
        """Return the path of uv on the host, sending uv if necessary."""
        assert self._tools is not None  # noqa: S101 - given wherever environments are built
        return self._tools.uv(self)

    def pythons(self) -> list[Interpreter]:
        """Return the interpreters that start on the host."""
        assert self._tools is not None  # noqa: S101 - given wherever environments are built
        return self._tools.pythons(self)

    def missing(self, paths: Sequence[Path]) -> list[Path]:
        """Return the paths that do not exist on the host."""
        names = [str(PurePosixPath(path)) for path in paths]
        return [Path(path) for path in self._client.ask("missing", paths=names).result()["missing"]]

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
            If the program is missing, exceeds the timeout, or the connection is lost.
        """
        request = self._client.ask(
            "run", argv=list(argv), variables=dict(variables or {}), cwd=str(cwd) if cwd is not None else None
        )
        try:
            return output_of(request, say, timeout)
        except RefusedError as error:
            raise UserError(f"{argv[0]} cannot be run on {self.name}: {error}") from None
        except ExpiredError:
            raise UserError(f"{argv[0]} took more than {timeout:g} s on {self.name} and was ended") from None

    def spawn(self, argv: Sequence[str], log: Path, variables: Mapping[str, str]) -> None:
        """Start a command that outlives the connection and writes its output to a file."""
        with self._as_os_error(log):
            self._client.ask("spawn", argv=list(argv), log=str(log), variables=dict(variables)).result()

    def exists(self, path: Path) -> bool:
        """Return whether a path exists."""
        return bool(self._ask("look", path).result()["there"])

    def read(self, path: Path) -> bytes:
        """Return a file's content."""
        return b"".join(self.pieces(path))

    def pieces(self, path: Path, offset: int = 0) -> Iterator[bytes]:
        """Yield a file's content in pieces, from an offset."""
        with self._as_os_error(path):
            for message in self._ask("read", path, offset=offset):
                yield message.content

    def write(self, path: Path, content: bytes) -> None:
        """Replace a file atomically, creating its folder."""
        with self._as_os_error(path):
            request = self._ask("write", path)
            for at in range(0, len(content), PIECE):
                request.feed(content[at : at + PIECE])
            request.feed(b"")
            request.result()

    def put(self, local: Path, remote: Path) -> None:
        """Copy a local file or folder to the host."""
        with self._as_os_error(remote):
            if local.is_dir():
                request = self._ask("unpack", remote)
                with tarfile.open(fileobj=cast("IO[bytes]", Feed(request)), mode="w|", bufsize=PIECE) as archive:
                    archive.add(local, ".")
            else:
                request = self._ask("write", remote, mode=local.stat().st_mode & 0o7777)
                with local.open("rb") as file:
                    while piece := file.read(PIECE):
                        request.feed(piece)
            request.feed(b"")
            request.result()

    def put_files(self, files: Mapping[str, Path | bytes], remote: Path) -> None:
        """Create a folder from local files or contents, by name."""
        with self._as_os_error(remote):
            request = self._ask("unpack", remote)
            with tarfile.open(fileobj=cast("IO[bytes]", Feed(request)), mode="w|", bufsize=PIECE) as archive:
                for name, content in files.items():
                    if isinstance(content, bytes):
                        member = tarfile.TarInfo(name)
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
                    else:
                        archive.add(content, name)
            request.feed(b"")
            request.result()

    def append(self, local: Path, remote: Path, *, offset: int) -> None:
        """Send a local file from an offset. What has arrived when the connection ends stays there."""
        with self._as_os_error(remote), local.open("rb") as file:
            request = self._ask("append", remote, offset=offset, mode=local.stat().st_mode & 0o7777)
            file.seek(offset)
            while piece := file.read(PIECE):
                request.feed(piece)
            request.feed(b"")
            request.result()

    def contents(self, folder: Path) -> dict[str, tuple[int, str]]:
        """Return size and SHA-256 of each file in a folder, by its name."""
        with self._as_os_error(folder):
            entries = [json.loads(message.content) for message in self._ask("contents", folder) if message.content]
        return {name: (size, digest) for name, size, digest in entries}

    def send_folder(self, target: Path, files: Callable[[], Mapping[str, Path | bytes]]) -> None:
        """Send a folder that is named by its content, unless it exists.

        The folder gets a temporary name first and is then renamed.
        """
        if not self.missing([target]):
            return
        aside = target.with_name(f"{target.name}.{secrets.token_hex(6)}.part")
        self.put_files(files(), aside)
        try:
            self.rename(aside, target)
        except OSError:
            if self.missing([target]):  # otherwise another process has created it
                raise
            self.remove(aside)

    def get(self, remote: Path, local: Path) -> None:
        """Copy a file or folder from the host."""
        with self._as_os_error(remote):
            look = self._ask("look", remote).result()
            if not look["there"]:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(remote))
            local.parent.mkdir(parents=True, exist_ok=True)
            if not look["folder"]:
                with local.open("wb") as file:
                    for message in self._ask("read", remote):
                        file.write(message.content)
                return
            local.mkdir(exist_ok=True)
            with tarfile.open(fileobj=cast("IO[bytes]", RemoteFile(self._ask("pack", remote))), mode="r|") as archive:
                for member in archive:
                    archive.extract(member, local, filter="data")

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder."""
        with self._as_os_error(old):
            self._ask("rename", old, target=str(PurePosixPath(new))).result()

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder and its contents."""
        with self._as_os_error(path):
            self._ask("remove", path).result()

    def lock(self, path: Path) -> AbstractContextManager[object]:
        """Return a context manager that holds a lock. The lock is released if the connection ends."""
        return self._locked(path)

    @contextlib.contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        request = self._ask("lock", path)
        with self._as_os_error(path):
            messages = iter(request)
            next(messages)
        try:
            yield
        finally:
            request.stop()
            for _ in messages:
                pass

    def _ask(self, do: str, path: Path, **facts: Any) -> Request:
        return self._client.ask(do, path=str(PurePosixPath(path)), **facts)

    @contextlib.contextmanager
    def _as_os_error(self, path: Path) -> Iterator[None]:
        """Turn the agent's refusal into the corresponding `OSError`, with the host's name."""
        try:
            yield
        except RefusedError as error:
            raise OSError(error.number or errno.EIO, f"{error} on {self.name}", str(path)) from None
