"""One request, from its arrival to its last message."""

import os
import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from typing import Any, BinaryIO, Callable, Dict, Optional

    Execute = Callable[["Task", Dict[str, Any]], Dict[str, Any]]

PIECE = 1 << 18  # bytes; one large message would be much slower


class Task:
    """A request that is being executed in a thread.

    Parameters
    ----------
    facts : dict
        The request's message.
    execute : callable
        Takes the task and the facts, and returns the facts of the last message.
    send : callable
        Sends a message; see `Agent.say`.
    """

    def __init__(self, facts: "Dict[str, Any]", execute: "Execute", send: "Callable[..., None]") -> None:
        self.number = facts["id"]
        self._facts, self._execute, self._send = facts, execute, send
        self._process: "Optional[subprocess.Popen[bytes]]" = None
        self._feed_reader, self._feeding = os.pipe()
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def take(self, what: str, content: bytes) -> None:
        """Accept a piece of data or a request to stop. An empty piece ends the data."""
        if what == "stop":
            self._stopped.set()
            with self._lock:
                if self._process is not None:
                    _kill(self._process)
            self._end_feeding()
        elif content:
            try:
                with open(self._feeding, "wb", closefd=False) as pipe:
                    pipe.write(content)
            except OSError:  # the reader of the pipe has failed and reports that
                pass
        else:
            self._end_feeding()

    def _end_feeding(self) -> None:
        feeding, self._feeding = self._feeding, -1
        if feeding >= 0:
            os.close(feeding)

    def carry_out(self) -> None:
        """Execute the request and send the last message."""
        try:
            answer = self._execute(self, self._facts)
            self.say(done=True, **answer)
        except OSError as error:
            self.say(error=error.strerror or str(error), errno=error.errno)
        except Exception as error:
            self.say(error="{}: {}".format(type(error).__name__, error), errno=None)
        finally:
            self._end_feeding()
            os.close(self._feed_reader)

    def say(self, content: bytes = b"", hold: bool = False, **facts: "Any") -> None:
        """Send a piece with its facts."""
        self._send(self.number, content, hold, **facts)

    def send(self, content: bytes) -> None:
        """Send a piece, unless the client has stopped the request."""
        if self.stopped():
            raise OSError("stopped")
        self.say(content)

    def stopped(self) -> bool:
        """Return whether the client has stopped the request."""
        return self._stopped.is_set()

    def wait_for_stop(self, seconds: "Optional[float]" = None) -> bool:
        """Wait until the client stops the request, or for some seconds; return whether it is stopped."""
        return self._stopped.wait(seconds)

    def start(self, make: "Callable[[], subprocess.Popen[bytes]]") -> "Optional[subprocess.Popen[bytes]]":
        """Start a program that a request to stop ends. Return None if that request has come already."""
        with self._lock:
            if self.stopped():
                return None
            self._process = make()
        return self._process

    def fed(self) -> "BinaryIO":
        """Return the data sent, as a file to read."""
        return open(self._feed_reader, "rb", closefd=False)

    def check_whole(self) -> None:
        """Raise an `OSError` if the data ended because the request was stopped."""
        if self.stopped():
            raise OSError("the connection ended in the middle of a message")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program and its process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
