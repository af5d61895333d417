"""How a script ended, as ``result.json`` says it."""

import os
import re
import signal
import sys

from ..typed_fields import TypedFields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Sequence


COMPLETED, FAILED, CANCELED = "completed", "failed", "canceled"
_TAIL = 64 << 10
_LONGEST = 400
_HEADER = b"Traceback (most recent call last):"
_PLACE = b'  File "'
_ERROR = re.compile(r"[A-Za-z_][\w.]*(: .*)?$")
_FORMAT = 1


class WorkerResult(TypedFields):
    """The fields of ``result.json``. Times are ISO 8601, durations in seconds, memory in bytes.

    `status` is completed, failed or canceled; `reason` says why it is not completed. `environment_changed` says
    whether the script has changed the environment, which is then built again.
    """

    status: str
    format: int = _FORMAT
    exit_code: "Optional[int]" = None
    signal: "Optional[str]" = None
    reason: "Optional[str]" = None
    started: "Optional[str]" = None
    ended: "Optional[str]" = None
    duration: "Optional[float]" = None
    cpu_seconds: "Optional[float]" = None
    peak_memory: "Optional[int]" = None
    host: "Optional[str]" = None
    python_version: "Optional[str]" = None
    notes: "Sequence[str]" = ()
    environment_changed: bool = False

    def with_texts(self, change: "Callable[[str], str]") -> "WorkerResult":
        """Return the same result with the texts that are ours changed: the reason and the notes."""
        reason = None if self.reason is None else change(self.reason)
        return self.replace(reason=reason, notes=[change(note) for note in self.notes])


def signal_name(number: int) -> str:
    """Return ``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal {}".format(number)


def how_it_ended(status: int) -> str:
    """Return a wait status in words."""
    if os.WIFSIGNALED(status):
        return signal_name(os.WTERMSIG(status))
    return "exit code {}".format(os.WEXITSTATUS(status))


def outcome(
    status: int, stop: "Optional[str]", log: "Optional[int]", memory: "Optional[bool]" = None
) -> "Dict[str, Any]":
    """Return the result's status, exit code, signal and reason from a wait status.

    `stop` is why we ended the script ourselves, if we did; `log` a descriptor of its log; `memory` tells whether the
    kernel has ended something meanwhile because memory ran out, None if that is not known.
    """
    killed = os.WIFSIGNALED(status)
    facts: "Dict[str, Any]" = {
        "exit_code": None if killed else os.WEXITSTATUS(status),
        "signal": signal_name(os.WTERMSIG(status)) if killed else None,
        "reason": None,
    }
    if stop is not None:
        facts.update(status=CANCELED if stop == CANCELED else FAILED, reason=stop)
    elif killed:
        why = {True: ": out of memory", None: " (out of memory?)", False: ""}[memory]
        why = why if os.WTERMSIG(status) == signal.SIGKILL else ""
        facts.update(status=FAILED, reason="killed by {}{}".format(facts["signal"], why))
    elif facts["exit_code"]:
        error = (traceback_line(log) or last_line(log)) if log is not None else None
        reason = how_it_ended(status)
        facts.update(status=FAILED, reason="{}: {}".format(reason, error) if error else reason)
    else:
        facts["status"] = COMPLETED
    return facts


def traceback_line(log: int) -> "Optional[str]":
    """Return the line that names the exception of the last traceback in a log, if the log ends with one."""
    size = os.fstat(log).st_size
    tail = os.pread(log, _TAIL, max(0, size - _TAIL))
    # A syntax error of the script itself has no header, just the place.
    start = max(tail.rfind(_HEADER), -1 if _HEADER in tail else tail.rfind(_PLACE))
    lines = tail[start:].splitlines()[1:] if start >= 0 else []
    for line in lines:
        text = line[: _LONGEST * 4].decode("utf-8", "replace")
        if text and not text[0].isspace():
            return _shorten(text) if _ERROR.match(text) else None
    return None


def last_line(log: int) -> "Optional[str]":
    """Return the last line of a log: what ``sys.exit("text")`` and argparse leave before they end the script."""
    size = os.fstat(log).st_size
    lines = os.pread(log, _TAIL, max(0, size - _TAIL)).replace(b"\r", b"\n").splitlines()
    words = [line[: _LONGEST * 4].decode("utf-8", "replace").strip() for line in lines[-20:]]
    return next((_shorten(text) for text in reversed(words) if text), None)


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


class Usage:
    """Memory and processor time of the script and of its descendants, as far as they were waited for."""

    def __init__(self) -> None:
        self.peak_memory = 0
        self.cpu_seconds = 0.0

    def add(self, usage: "Any") -> None:
        """Add what ``wait4`` says of an ended process and those it waited for."""
        unit = 1 if sys.platform == "darwin" else 1024
        self.peak_memory = max(self.peak_memory, usage.ru_maxrss * unit)
        self.cpu_seconds += usage.ru_utime + usage.ru_stime


def result(
    started: "Optional[str]", ended: str, duration: "Optional[float]", usage: "Usage", **how: "Any"
) -> WorkerResult:
    """Return the result of a script. `how` says how it ended, and counts as a failure unless it says otherwise."""
    facts: "Dict[str, Any]" = {
        "status": FAILED,
        "started": started,
        "ended": ended,
        "duration": None if duration is None else round(duration, 6),
        "cpu_seconds": round(usage.cpu_seconds, 6) if started else None,
        "peak_memory": usage.peak_memory or None,
        "host": os.uname().nodename,
        "python_version": "{}.{}.{}".format(*sys.version_info[:3]),
    }
    return WorkerResult(**dict(facts, **how))
