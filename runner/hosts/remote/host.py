"""A machine with an agent, as a host."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol, cast

from runner.errors import UserError
from runner.hosts.remote.client import PIECE, Client, RefusedError, Request
from runner.ports import Completed, Interpreter, Say


class Tools(Protocol):
    """The tools for building environments on a machine."""

    def uv(self, host: RemoteHost) -> str:
        """Return the path of uv there."""

    def pythons(self, host: RemoteHost) -> list[Interpreter]:
        """Return the interpreters there."""


class RemoteHost:
    """A machine with an agent. Paths are paths there, and ``~`` is the user's home there.

    Parameters
    ----------
    client : Client
        The client of the agent.
    facts : mapping
        Facts about the machine, from its agent.
    tools : Tools or None
        Installs the tools for building environments there.
    fetches : bool
        Whether it fetches packages itself.
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
        """Return the path of uv, sending it if necessary."""
        assert self._tools is not None  # noqa: S101 - given wherever environments are built
        return self._tools.uv(self)

    def pythons(self) -> list[Interpreter]:
        """Return the interpreters that start there."""
        assert self._tools is not None  # noqa: S101 - given wherever environments are built
        return self._tools.pythons(self)

    def missing(self, paths: Sequence[Path]) -> list[Path]:
        """Return which of some paths do not exist there."""
        asked = [str(PurePosixPath(path)) for path in paths]
        return [Path(one) for one in self._client.ask("missing", paths=asked).result()["missing"]]

    def run(
        self,
        argv: Sequence[str],
        *,
        variables: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        say: Say | None = None,
        timeout: float | None = None,
    ) -> Completed:
        """Run a command to its end, its output line by line to `say`.

        Raises
        ------
        UserError
            If the program is missing, takes too long, or the connection is lost.
        """
        request = self._client.ask(
            "run", argv=list(argv), variables=dict(variables or {}), cwd=str(cwd) if cwd is not None else None
        )
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            with contextlib.suppress(UserError):
                request.stop()

        timer = threading.Timer(timeout if timeout is not None else threading.TIMEOUT_MAX, expire)
        timer.daemon = True
        if timeout is not None:
            timer.start()
        output, rest = bytearray(), b""
        try:
            for message in request:
                output += message.content
                *lines, rest = (rest + message.content).split(b"\n")
                _say(lines, say)
            _say([rest] if rest else [], say)
        except RefusedError as error:
            raise UserError(f"{argv[0]} cannot be run on {self.name}: {error}") from None
        except BaseException:
            with contextlib.suppress(UserError):
                request.stop()
            raise
        finally:
            timer.cancel()
        if expired.is_set():
            raise UserError(f"{argv[0]} took more than {timeout:g} s on {self.name} and was ended")
        return Completed(int(request.answer["code"]), bytes(output))

    def spawn(self, argv: Sequence[str], log: Path, variables: Mapping[str, str]) -> None:
        """Start a command that survives the connection, with its output in a file."""
        with self._as_os_error(log):
            self._client.ask("spawn", argv=list(argv), log=str(log), variables=dict(variables)).result()

    def exists(self, path: Path) -> bool:
        """Return whether a path is there."""
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
        """Replace a file atomically, making its folder."""
        with self._as_os_error(path):
            request = self._ask("write", path)
            for at in range(0, len(content), PIECE):
                request.feed(content[at : at + PIECE])
            request.feed(b"")
            request.result()

    def put(self, local: Path, remote: Path) -> None:
        """Copy a file or folder from this machine."""
        with self._as_os_error(remote):
            if local.is_dir():
                request = self._ask("unpack", remote)
                with tarfile.open(fileobj=cast("IO[bytes]", _Feed(request)), mode="w|", bufsize=PIECE) as archive:
                    archive.add(local, ".")
            else:
                request = self._ask("write", remote, mode=local.stat().st_mode & 0o7777)
                with local.open("rb") as file:
                    while piece := file.read(PIECE):
                        request.feed(piece)
            request.feed(b"")
            request.result()

    def put_files(self, files: Mapping[str, Path | bytes], remote: Path) -> None:
        """Create a folder from local files or given contents, by name."""
        with self._as_os_error(remote):
            request = self._ask("unpack", remote)
            with tarfile.open(fileobj=cast("IO[bytes]", _Feed(request)), mode="w|", bufsize=PIECE) as archive:
                for name, one in files.items():
                    if isinstance(one, bytes):
                        member = tarfile.TarInfo(name)
                        member.size = len(one)
                        archive.addfile(member, io.BytesIO(one))
                    else:
                        archive.add(one, name)
            request.feed(b"")
            request.result()

    def bring(self, target: Path, files: Callable[[], Mapping[str, Path | bytes]]) -> None:
        """Send a folder that is named by its content unless it exists, under a temporary name that is then renamed."""
        if not self.missing([target]):
            return
        aside = target.with_name(f"{target.name}.{secrets.token_hex(6)}.part")
        self.put_files(files(), aside)
        try:
            self.rename(aside, target)
        except OSError:
            if self.missing([target]):  # another process was first
                raise
            self.remove(aside)

    def get(self, remote: Path, local: Path) -> None:
        """Copy a file or folder to this machine."""
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
            with tarfile.open(fileobj=cast("IO[bytes]", _Pieces(self._ask("pack", remote))), mode="r|") as archive:
                for one in archive:
                    archive.extract(one, local, filter="data")

    def rename(self, old: Path, new: Path) -> None:
        """Rename a file or folder."""
        with self._as_os_error(old):
            self._ask("rename", old, target=str(PurePosixPath(new))).result()

    def remove(self, path: Path) -> None:
        """Remove a file or a folder with all it holds."""
        with self._as_os_error(path):
            self._ask("remove", path).result()

    def lock(self, path: Path) -> AbstractContextManager[object]:
        """Hold a lock that the end of the connection frees."""
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
        """Raise a machine's error as the corresponding `OSError`, with the machine's name."""
        try:
            yield
        except RefusedError as error:
            raise OSError(error.number or errno.EIO, f"{error} on {self.name}", str(path)) from None


def target_of(facts: Mapping[str, Any]) -> str:
    """Return the target platform for uv: the newest of PEP 600's that a machine's libraries support."""
    machine, (libc, *version) = str(facts["platform"]).partition("-")[2], str(facts["libc"]).split()
    if libc != "glibc" or not version:
        return f"{machine}-unknown-linux-musl"
    minor = int(version[0].split(".")[1])
    known = [one for one in (17, 28, *range(31, 41)) if one <= minor]
    return f"{machine}-manylinux_2_{known[-1]}" if known else f"{machine}-manylinux2014"


def _say(lines: Sequence[bytes], say: Say | None) -> None:
    if say is not None:
        for line in lines:
            say(line.decode(errors="replace").rstrip())


class _Feed:
    """A file that feeds a request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def write(self, content: bytes) -> int:
        if content:
            self._request.feed(bytes(content))
        return len(content)


class _Pieces:
    """A request's pieces as a file."""

    def __init__(self, request: Request) -> None:
        self._messages, self._rest = iter(request), b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            message = next(self._messages, None)
            if message is None:
                break
            self._rest += message.content
        found, self._rest = self._rest[:size], self._rest[size:]
        return found
