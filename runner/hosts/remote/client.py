"""The controller's end of an agent: one long-lived channel for many concurrent requests."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner.errors import UserError
from runner.hosts.remote.link import UnreachableError
from runner.layout import WORKER
from runner.ports.machines import Link
from runner.worker import timeouts

_AGENT = WORKER / "node" / "agent"
# The program is sent over standard input, so nothing needs to be installed. Without the current folder, which is the
# user's home, files there such as `platform.py` do not hide modules of Python.
_BOOT = (
    "import sys; sys.path[:] = filter(None, sys.path); "
    "exec(compile(sys.stdin.buffer.read(int(sys.stdin.buffer.readline())), 'vivero-agent', 'exec'))"
)
_NOISE = 1 << 20  # bytes of login output to skip before the agent starts
_READ = 1 << 18
PIECE = 1 << 18


@dataclass(frozen=True)
class Message:
    """One message from the agent."""

    facts: dict[str, Any]
    content: bytes


class RefusedError(Exception):
    """The host could not carry out a request; `number` is the ``errno``."""

    def __init__(self, reason: str, number: int | None) -> None:
        super().__init__(reason)
        self.number = number


class Client:
    """Starts an agent and exchanges messages with it.

    Parameters
    ----------
    link : Link
        The connection to the host.
    python : str
        A Python on the host, 3.6 or later.

    Raises
    ------
    UnreachableError
        If the connection is lost, or the agent does not start in time.
    UserError
        If the agent cannot start. The message contains the host's output.
    """

    def __init__(self, link: Link, python: str) -> None:
        self.name = link.name
        self.last_message = time.monotonic()
        self._ended = threading.Event()
        self._numbers, self._sending = itertools.count(1), threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._channel = link.start([python, "-c", _BOOT])
        mark = secrets.token_bytes(12).hex().encode()
        program = _program(base64.b64encode(mark).decode(), timeouts.agent_max_silence(), timeouts.as_text())
        with contextlib.suppress(OSError):  # the agent has ended; `_skip_to` reports why
            self._channel.sendall(f"{len(program)}\n".encode() + program)
        self._rest = self._skip_to(b"\n" + mark + b"\n", python, link)
        self.last_message = (
            time.monotonic()
        )  # from here on only the agent's messages count: it answers each sign of life
        self._reader = threading.Thread(target=self._read, name=f"agent of {self.name}", daemon=True)
        self._reader.start()
        threading.Thread(target=self._show_life, name=f"sign of life to {self.name}", daemon=True).start()

    def _show_life(self) -> None:
        """Send regular signs of life. The agent ends without them."""
        with contextlib.suppress(UserError):
            while self.is_alive:
                self.send(id=0, do="alive")
                self._ended.wait(timeouts.heartbeat_interval())

    def close(self) -> None:
        """End the agent and the programs it runs."""
        self._ended.set()
        self._channel.close()

    @property
    def is_alive(self) -> bool:
        """Whether the connection is alive, as far as known."""
        return self._reader.is_alive() and not self._channel.closed

    def ask(self, do: str, **facts: Any) -> Request:
        """Send a request."""
        return Request(self, do, facts)

    def send(self, content: bytes = b"", **facts: Any) -> None:
        """Send a message in pieces of a suitable size.

        Raises
        ------
        UserError
            If the connection is lost.
        """
        line = json.dumps({**facts, "bytes": len(content)}).encode() + b"\n"
        try:
            with self._sending:
                self._channel.sendall(line + content)
        except (OSError, EOFError):  # paramiko raises EOFError if the link is being closed
            raise self.lost() from None

    def begin(self) -> tuple[int, queue.SimpleQueue[Message | None]]:
        """Return a new request number and the queue for its messages."""
        number, messages = next(self._numbers), queue.SimpleQueue[Message | None]()
        self._waiting[number] = messages
        if not self._reader.is_alive():
            messages.put(None)
        return number, messages

    def end(self, number: int) -> None:
        """Forget a request."""
        self._waiting.pop(number, None)

    def lost(self) -> UnreachableError:
        """Return the error for a lost connection."""
        return UnreachableError(
            f"The connection to {self.name} is lost", f"Check the node: vivero nodes check {self.name}"
        )

    def _skip_to(self, mark: bytes, python: str, link: Link) -> bytes:
        """Skip login output up to the agent's mark, and return what follows the mark."""
        self._channel.settimeout(max(link.seconds, 30))
        seen = b""
        try:
            while mark not in seen and len(seen) < _NOISE:
                piece = self._channel.recv(_READ)
                if not piece:
                    break
                seen += piece
        except TimeoutError:
            raise UnreachableError(f"{self.name}: {python} did not start in time") from None
        except OSError:
            raise self.lost() from None
        if mark not in seen:
            if not link.is_alive:
                raise self.lost()
            words = link.complaint(self._channel).decode(errors="replace").split()
            reason = " ".join(words) or " ".join(seen.decode(errors="replace").split()) or "no output"
            raise UserError(
                f"{self.name}: {python} does not start: {reason}",
                "Name one that does: compute.hosts=[{host: NAME, python: /path/to/python}]",
            )
        self._channel.settimeout(None)
        return seen.partition(mark)[2]

    def _read(self) -> None:
        """Put each message in the queue of its request, until the connection ends."""
        try:
            while True:
                line = self._take_line()
                facts = json.loads(line)
                message = Message(facts, self._take(int(facts["bytes"])))
                waiting = self._waiting.get(facts["id"])
                if waiting is not None:
                    waiting.put(message)
        except (EOFError, OSError):
            self._ended.set()
            for pending in list(self._waiting.values()):
                pending.put(None)

    def _take_line(self) -> bytes:
        while b"\n" not in self._rest:
            self._more()
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _take(self, size: int) -> bytes:
        pieces, have = [self._rest], len(self._rest)
        while have < size:
            self._rest = b""
            self._more()
            pieces.append(self._rest)
            have += len(self._rest)
        content = b"".join(pieces)
        self._rest = content[size:]
        return content[:size]

    def _more(self) -> None:
        piece = self._channel.recv(_READ)
        if not piece:
            raise EOFError
        self.last_message = time.monotonic()
        self._rest += piece


def _program(*arguments: Any) -> bytes:
    """Return the text of a program that starts the agent, with its modules in it."""
    texts = {path.stem: path.read_text() for path in sorted(_AGENT.glob("*.py"))}
    loader = texts.pop("sent_modules")
    return f"{loader}\nload_sent('_vivero_agent', {texts!r}, 'server').main{arguments!r}\n".encode()


class Request:
    """One request. Iterate over its messages; `answer` then holds the facts of the last one."""

    def __init__(self, client: Client, do: str, facts: dict[str, Any]) -> None:
        self._client = client
        self._number, self._messages = client.begin()
        self.answer: dict[str, Any] = {}
        client.send(id=self._number, do=do, **facts)

    def __iter__(self) -> Iterator[Message]:
        try:
            while True:
                message = self._messages.get()
                if message is None:
                    raise self._client.lost()
                if "error" in message.facts:
                    raise RefusedError(message.facts["error"], message.facts.get("errno"))
                if message.facts.get("done"):
                    self.answer = message.facts
                    return
                yield message
        finally:
            self._client.end(self._number)

    def result(self) -> dict[str, Any]:
        """Wait for the end of the request and return the facts of the last message."""
        for _ in self:
            pass
        return self.answer

    def feed(self, content: bytes) -> None:
        """Send a piece of data; an empty piece ends it."""
        self._client.send(content, id=self._number, do="feed")

    def stop(self) -> None:
        """Ask the request to end."""
        self._client.send(id=self._number, do="stop")
