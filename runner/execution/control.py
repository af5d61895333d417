"""Asks a run to end and checks whether it is followed, by means of the files in its folder.

A run that has not ended is *followed* while one of three locks is held: ``.lock`` by its controller, ``worker.lock`` by
its worker, or ``attendant.lock`` by a process that waits for a worker elsewhere (a container's supervisor, or what
`start_follower` starts). The kernel frees the locks of a process that dies, so the answer is always current. It takes
at most three system calls and no compute, which makes it cheap enough for commands that list runs. Only the compute
knows where a job is and how to stop it, see ``ports.Compute.attach``.
"""

from __future__ import annotations

import sys

from runner.errors import UserError
from runner.io.files import write_json
from runner.io.json_records import read_record
from runner.io.locks import is_locked
from runner.io.record import FORMAT
from runner.layout import CALLBACK, RunLayout
from runner.records import CancelRecord


def worker_is_alive(run: RunLayout) -> bool:
    """Return whether the run's worker, or the process that waits for it, is alive."""
    return is_locked(run.worker_lock) or is_locked(run.attendant_lock)


def is_followed(run: RunLayout) -> bool:
    """Return whether a controller or worker will finish the record of a run that has not ended."""
    return is_locked(run.controller_lock) or worker_is_alive(run)


def request_cancel(run: RunLayout, by: str, reason: str | None = None) -> None:
    """Write the file that asks the run to end. A worker that starts later finds it too."""
    write_json(run.cancel, {"format": FORMAT, "by": by, "reason": reason})


def cancel_reason(run: RunLayout) -> str | None:
    """Return the reason for which a run was asked to end, if one was given."""
    try:
        return read_record(run.cancel, CancelRecord).reason
    except FileNotFoundError:
        return None
    except UserError:  # the file alone asks the run to end, whatever it contains
        return None


def callback(what: str) -> list[str]:
    """Return the command that finishes or follows a run, or answers a script. The caller adds the arguments."""
    return [sys.executable, str(CALLBACK), what]


def start_follower(run: RunLayout) -> None:
    """Start a process that waits for a run elsewhere and finishes its record."""
    import subprocess  # commands that list runs do not need it

    with (run.logs / "attendant.log").open("ab") as log:
        subprocess.Popen(
            [*callback("follow"), str(run.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
