"""A prefork interpreter as the process that started it sees it: a process, and a channel to it."""

import json
import os
import select
import socket
import subprocess
import time

from ..layout import WORKER_LOG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional

    from .launch import Launch

PATIENCE = 120.0  # seconds for all imports of a script
_ANSWER = 20.0  # seconds for a fork
_LONGEST = 1 << 20  # bytes of a line


class NotWarmError(Exception):
    """No prefork interpreter is available; the text says why."""


class Worker:
    """A forked worker.

    Parameters
    ----------
    pid : int or None
        Its pid, or None if it is not known here.
    descriptor : int or None
        A pidfd that was handed over, which the owner of this object closes.
    """

    def __init__(self, pid: "Optional[int]" = None, descriptor: "Optional[int]" = None) -> None:
        self.pid, self.descriptor = pid, descriptor


class Interpreter:
    """A prefork interpreter that imports the modules of similar scripts.

    Parameters
    ----------
    launch : Launch
        How to start it.
    known : dict
        The ``modules`` to import, and those ``refused``.
    lifeline : int
        The reading end of a pipe that closes when this process ends.

    Raises
    ------
    NotWarmError
        If it cannot be started.
    """

    def __init__(self, launch: "Launch", known: "Mapping[str, List[str]]", lifeline: int) -> None:
        import tempfile

        self._attended = launch.attended
        self._handed: "List[int]" = []
        self._received = b""
        try:
            self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - open as long as the process
        except OSError as error:
            raise NotWarmError(str(error))
        self._channel, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [*launch.command, launch.run, str(theirs.fileno()), str(lifeline)],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                cwd="/",
                env=os.environ,
                start_new_session=True,
                pass_fds=(theirs.fileno(), lifeline),
            )
        except BaseException as error:
            self._close()
            raise NotWarmError(str(error)) if isinstance(error, OSError) else error
        finally:
            theirs.close()
        self.pid = self._process.pid
        try:
            self._send(python=launch.python, environ=dict(os.environ), run=launch.run, script=launch.script, **known)
        except BaseException:
            self.end()
            raise

    def imported(self) -> "Optional[str]":
        """Wait for the imports. Return None, or the module that must not be imported ahead: the interpreter has ended.

        Raises
        ------
        NotWarmError
            If it does not answer.
        """
        answer = self._read_answer(PATIENCE)
        return str(answer["refused"]) if "refused" in answer else None

    def fork(self, launch: "Launch") -> Worker:
        """Return a new worker.

        Raises
        ------
        NotWarmError
            If the interpreter does not answer. It must then be ended.
        """
        log = os.path.join(launch.run, WORKER_LOG)
        self._send(run=launch.run, log=log, environ=dict(os.environ), learn=launch.learned)
        answer = self._read_answer(_ANSWER)
        if not isinstance(answer.get("pid"), int):
            raise NotWarmError("an unexpected answer: {!r:.80}".format(answer))
        return Worker(answer["pid"], self._handed.pop() if self._handed else None)

    def ended(self) -> bool:
        """Return whether the process has ended."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End the interpreter."""
        self._channel.close()
        if (
            not self._attended
        ):  # otherwise it supervises a container, which it removes once all processes in it have ended
            self._process.kill()  # it is only waiting, and no run depends on it
            self._process.wait()
        self._close()

    def _close(self) -> None:
        self._channel.close()
        self._log.close()
        while self._handed:
            os.close(self._handed.pop())

    def _send(self, **question: "Any") -> None:
        """Send one line."""
        try:
            self._channel.sendall(json.dumps(question).encode("ascii") + b"\n")
        except OSError as error:
            raise NotWarmError(self._complaint() if self.ended() else str(error))

    def _read_answer(self, seconds: float) -> "Dict[str, Any]":
        """Return the next line."""
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            if not select.select([self._channel], [], [], max(0.0, until - time.monotonic()))[0]:
                raise NotWarmError("no answer within {:g} s".format(seconds))
            block = self._receive()
            if not block or len(self._received) > _LONGEST:
                raise NotWarmError("too long an answer" if block else self._complaint())
            self._received += block
        line, _, self._received = self._received.partition(b"\n")
        try:
            answer = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise NotWarmError("an unexpected answer: {!r:.80}".format(line))
        return answer

    def _receive(self) -> bytes:
        """Return what has arrived, nothing if the interpreter has ended. A container also hands descriptors over."""
        try:
            if not self._attended:
                return self._channel.recv(1 << 16)
            block, handed, _, _ = socket.recv_fds(self._channel, 1 << 16, 1)
        except ConnectionError:  # it was killed before it read everything
            return b""
        self._handed += handed
        return block

    def _complaint(self) -> str:
        self._log.seek(0)
        lines = self._log.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return "it ended ({})".format(lines[-1] if lines else "without output")
