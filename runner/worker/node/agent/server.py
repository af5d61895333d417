"""Reads requests, has each executed in a thread, and sends their messages."""

import base64
import json
import os
import signal
import sys
import threading
import time

from .requests import execute
from .task import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Set

_LARGEST = 1 << 30  # bytes that may follow a message
_LAST = 30.0  # seconds that the last requests get to end


class Agent:
    """Reads and executes requests.

    Parameters
    ----------
    requests, answers : file
        The binary streams of requests and of messages.
    max_silence : float
        Seconds of silence after which the agent ends.
    """

    def __init__(self, requests: "BinaryIO", answers: "BinaryIO", max_silence: float) -> None:
        self._requests, self._answers, self._max_silence = requests, answers, max_silence
        self._writing = threading.Lock()
        self._tasks: "Dict[int, Task]" = {}
        self._last_message = time.monotonic()
        self._threads: "Set[threading.Thread]" = set()

    def serve(self) -> None:
        """Execute requests until the input ends."""
        threading.Thread(target=self._end_if_silent, daemon=True).start()
        while True:
            line = self._requests.readline()
            if not line:
                break
            self._last_message = time.monotonic()
            message = _read(line)
            content = self._requests.read(message["bytes"])
            if message["do"] == "alive":
                self.say(message["id"])
                continue
            if message["do"] in ("feed", "stop"):
                task = self._tasks.get(message["id"])
                if task is not None:
                    task.take(message["do"], content)
                continue
            task = Task(message, execute, self.say)
            self._tasks[message["id"]] = task
            thread = threading.Thread(target=self._carry_out, args=(task,), daemon=True)
            self._threads.add(thread)
            thread.start()
            self._threads = {thread for thread in self._threads if thread.is_alive()}
        for task in list(self._tasks.values()):
            task.take("stop", b"")
        until = time.monotonic() + _LAST  # the last requests are still completed
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _end_if_silent(self) -> None:
        """End after a long silence, because a connection that is cut gives no notice."""
        while time.monotonic() - self._last_message < self._max_silence:
            time.sleep(1)
        for task in list(self._tasks.values()):
            task.take("stop", b"")
        os.kill(os.getpid(), signal.SIGKILL)

    def say(self, number: int, content: bytes = b"", hold: bool = False, **facts: "Any") -> None:
        """Send a message, or hold it until the next one to save wake-ups."""
        line = json.dumps(dict(facts, id=number, bytes=len(content))).encode() + b"\n"
        with self._writing:
            self._answers.write(line + content)
            if not hold:
                self._answers.flush()

    def _carry_out(self, task: Task) -> None:
        try:
            task.carry_out()
        finally:
            self._tasks.pop(task.number, None)


def _read(line: bytes) -> "Dict[str, Any]":
    """Parse a message. After an invalid one the agent ends, because the start of the next message is unknown."""
    try:
        message = json.loads(line.decode())
        parsed = dict(message, id=int(message["id"]), bytes=int(message.get("bytes", 0)), do=str(message["do"]))
        if 0 <= parsed["bytes"] <= _LARGEST:
            return parsed
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        pass
    sys.exit("received a line of {} bytes that is not a message".format(len(line)))  # the content may be secret


def main(mark: str, max_silence: float, timeouts: str) -> None:
    """Print the mark that tells the controller where the agent's output starts, and serve.

    `timeouts` are the controller's changes to ``timeouts.py``, for all programs that are started here.
    """
    if timeouts:
        os.environ["VIVERO_TIMEOUTS"] = timeouts
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # other output must not mix with our messages
    answers.write(b"\n" + base64.b64decode(mark) + b"\n")
    answers.flush()
    Agent(sys.stdin.buffer, answers, max_silence).serve()
