"""Asks a run to end, and tells whether anything follows it: by the mark and the locks in its folder.

A run that has not ended is *followed* while one of three locks is held: ``.lock`` by its controller, ``worker.lock`` by
its worker, or ``attendant.lock`` by a process that waits for a worker elsewhere (a container's supervisor, or what
`start_follower` starts). The kernel frees them, so that the answer is true after any death. It needs no compute and
takes no longer than three system calls: commands that list runs ask nothing else. Where a job is and how it is stopped
is for its compute to know, see ``ports.Compute.attach``.
"""

from __future__ import annotations

import sys

from runner.errors import UserError
from runner.io.files import is_locked, write_json
from runner.io.json_records import read_record
from runner.io.record import FORMAT
from runner.layout import CALLBACK, RunLayout
from runner.records import CancelRecord


def worker_lives(run: RunLayout) -> bool:
    """Tell whether the run's worker, or what waits for it, is still there."""
    return is_locked(run.worker_lock) or is_locked(run.attendant_lock)


def is_followed(run: RunLayout) -> bool:
    """Tell whether anybody will finish the record of a run that has not ended."""
    return is_locked(run.controller_lock) or worker_lives(run)


def request_cancel(run: RunLayout, by: str, reason: str | None = None) -> None:
    """Leave the mark that asks for the run's end; a worker that starts later finds it too."""
    write_json(run.cancel, {"format": FORMAT, "by": by, "reason": reason})


def cancel_reason(run: RunLayout) -> str | None:
    """Return why a run was asked to end, if that was said."""
    try:
        return read_record(run.cancel, CancelRecord).reason
    except FileNotFoundError:
        return None
    except UserError:  # its presence asks for the end, whatever is in it
        return None


def callback(what: str) -> list[str]:
    """Return the command that finishes a run or answers a script, without its arguments."""
    return [sys.executable, str(CALLBACK), what]


def start_follower(run: RunLayout) -> None:
    """Have a process of its own wait for a run that goes on elsewhere, and finish its record in the end."""
    import subprocess  # what lists runs has no use for it

    with (run.logs / "attendant.log").open("ab") as log:
        subprocess.Popen(
            [*callback("follow"), str(run.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
