"""Carries the streams of programs and ports over a Dask worker's own connection to its scheduler.

Its text is sent to a worker and becomes the module ``vivero_relay`` there, so nothing needs to be installed. The
functions run in the worker's event loop. None of them raises, because a worker logs an exception with all arguments of
the function. Standard library only.
"""

import asyncio
import collections
import logging
import os
import secrets
import signal
import sys
import tempfile
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECE = 1 << 18
_MOST = 1 << 23  # bytes to buffer for a reader before the sender must wait
FORGOTTEN = 0.0  # seconds without a request after which a stream is closed; set by the sender of this text
ENDS = 0.0  # seconds that a program may run after its input has ended; set by the sender of this text
_COMPLAINT = 1 << 14  # bytes of a program's standard error to return

_streams: "dict[str, Stream]" = {}
_background_tasks: "set[asyncio.Future[None]]" = set()


class Stream:
    """A program's standard streams, or a connection.

    Parameters
    ----------
    reader, writer
        The asyncio streams.
    process : asyncio.subprocess.Process, optional
        The program, if there is one.
    errors : file, optional
        The program's standard error.
    """

    def __init__(self, reader: "Any", writer: "Any", process: "Any" = None, errors: "Any" = None) -> None:
        self._reader, self._writer, self._process, self._errors = reader, writer, process, errors
        self._pieces: collections.deque[bytes] = collections.deque()
        self._waiting = 0
        self._change = asyncio.Condition()
        self._over = False
        self.last_request = time.monotonic()
        self._pump = asyncio.ensure_future(self._take())

    async def _take(self) -> None:
        """Buffer incoming data, so that a canceled `receive` loses nothing."""
        piece = b"-"
        while piece:
            try:
                piece = await self._reader.read(_PIECE)
            except OSError:
                piece = b""
            async with self._change:
                self._pieces.append(piece)
                self._waiting += len(piece)
                self._change.notify_all()
                while self._waiting > _MOST:
                    await self._change.wait()

    async def receive(self, seconds: float) -> "bytes | None":
        """Return buffered data, or None if nothing arrives within `seconds`. Empty bytes mean the end."""
        async with self._change:
            if not self._pieces:
                try:
                    await asyncio.wait_for(self._change.wait(), seconds)
                except TimeoutError:
                    return None
            if not self._pieces:
                return None
            if not self._pieces[0]:
                return b""
            pieces = []
            while self._pieces and self._pieces[0]:
                pieces.append(self._pieces.popleft())
            self._waiting = 0
            self._change.notify_all()
            return b"".join(pieces)

    async def send(self, content: bytes) -> None:
        """Send all of the content."""
        self._writer.write(content)
        await self._writer.drain()

    def finish(self) -> None:
        """Signal that nothing more will be sent."""
        if self._writer.can_write_eof():
            self._writer.write_eof()

    def complaint(self) -> bytes:
        """Return the beginning of what the program wrote to its standard error."""
        if self._errors is None:
            return b""
        return os.pread(self._errors.fileno(), _COMPLAINT, 0)

    async def end(self) -> None:
        """Close the stream. A program whose input has ended gets `ENDS` seconds before it is killed."""
        self._writer.close()
        self._pump.cancel()
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), ENDS)
            except TimeoutError:
                os.killpg(self._process.pid, signal.SIGKILL)
        if self._errors is not None:
            self._errors.close()


def _register(stream: Stream) -> str:
    """Register a stream and return its name. The stream is closed after `FORGOTTEN` seconds without a request."""
    name = secrets.token_hex(8)
    _streams[name] = stream
    _in_background(_close_if_idle(name, stream))
    return name


async def _close_if_idle(name: str, stream: Stream) -> None:
    while name in _streams:
        await asyncio.sleep(1)
        if time.monotonic() - stream.last_request > FORGOTTEN:
            _end(name)


def _in_background(what: "Any") -> None:
    """Run a coroutine in the background, and hold a reference so that it is not garbage-collected."""
    task = asyncio.ensure_future(what)
    _background_tasks.add(task)
    task.add_done_callback(_background_tasks.discard)


def _end(name: str) -> None:
    stream = _streams.pop(name, None)
    if stream is not None:
        _in_background(stream.end())


async def vivero_start(words: "list[str]") -> "tuple[str, Any]":
    """Start a program. ``python`` means the interpreter of this worker."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - the stream closes it
    try:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable if words[0] == "python" else words[0], *words[1:]],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        errors.close()
        return "error", str(error)
    return "stream", _register(Stream(process.stdout, process.stdin, process, errors))


async def vivero_open(port: int) -> "tuple[str, Any]":
    """Connect to a port of this machine's loopback."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        return "error", str(error)
    return "stream", _register(Stream(reader, writer))


async def vivero_stream(name: str, do: str, given: "Any" = None) -> "tuple[str, Any]":
    """Apply one operation to a stream: ``receive``, ``send``, ``finish``, ``complaint`` or ``end``."""
    stream = _streams.get(name)
    if stream is None:
        return "error", "unknown to this worker"
    stream.last_request = time.monotonic()
    try:
        if do == "receive":
            return "content", await stream.receive(given)
        if do == "send":
            await stream.send(given)
        elif do == "complaint":
            return "content", stream.complaint()
        elif do == "finish":
            stream.finish()
        else:
            _end(name)
    except OSError as error:
        return "error", str(error)
    return "done", None


def _is_not_ours(record: "Any") -> bool:
    """Return whether a log record is unrelated to this module. A worker logs a line for each call."""
    return not any(isinstance(argument, str) and argument.startswith("vivero_") for argument in record.args or ())


logging.getLogger("distributed.worker").addFilter(_is_not_ours)
