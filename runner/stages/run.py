"""Run: the worker executes the script; its output is shown as it comes."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from runner.config.arguments import argv_of, fill_inputs, script_argv, unread_values
from runner.console.pipes import reader_may_leave
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.cores import thread_share, usable_cores
from runner.execution.followers import worker_lives
from runner.io.files import is_locked, make_folder, write_json
from runner.io.json_records import open_regular, read_record, read_text
from runner.io.record import FORMAT
from runner.layout import CALLBACK, RunLayout
from runner.ports import EnvironmentHandle, Job
from runner.records import CancelRecord, ProcessRecord, ResultRecord, RunRecord, SnapshotRecord
from runner.stages.missing_files import hint
from runner.stages.sanitize import straighten
from runner.statuses import FAILED
from runner.worker import job_order, timeouts

_TICK = 0.05
_BLOCK = 1 << 16


class Detached(Exception):  # noqa: N818 - not an error
    """The run goes on without the controller."""


def run(context: RunContext, record: RunRecord) -> ResultRecord:
    """Submit the worker and wait for its result.

    Raises
    ------
    Detached
        If the run is to go on by itself.
    """
    assert record.prepare is not None and context.handle is not None  # noqa: S101 - the stage before
    for name, one in record.prepare.inputs.items():
        context.inputs.recheck(name, one, context.run.inputs)
    set_up_work(context, record)
    for line in _hints(context, record.prepare.snapshot.hash):
        context.say(line)
    if write_order(context, record, context.handle):
        context.say(
            "Other users of this machine can see a secret in the command line. Pass it as an environment variable"
        )
    job = context.compute.submit(context.run.root, context.handle)
    if context.spec.detach:
        if context.run.node.exists():
            follow(context.run)
        raise Detached
    wait_for(job, context.run, show=context.show_output)
    result = read_result(context.run)
    told = _advice(context, record.prepare.snapshot, result.reason) if result.reason else None
    if told is not None:
        result = dataclasses.replace(result, reason=f"{result.reason}. {told}")
    for name, one in record.prepare.inputs.items():
        context.inputs.recheck(name, one, context.run.inputs)
    return result


def _advice(context: RunContext, snapshot: SnapshotRecord, reason: str) -> str | None:
    """Return what to do about the reason of a failure, where that is known."""
    from runner.stages.mlflow_models import advice

    return hint(context, snapshot, reason) or advice(reason)


def _hints(context: RunContext, snapshot: str) -> list[str]:
    """Return what is to be said of the script's arguments."""
    script, arguments = context.spec.job.script, context.spec.job.arguments
    if (
        script is None
        or not isinstance(arguments, dict)
        or not any(isinstance(one, list) for one in arguments.values())
    ):
        return []
    try:
        text = (context.layout.snapshot(snapshot) / "files" / script).read_text("utf-8", "replace")
    except OSError:  # the worker says that it is not there
        return []
    return unread_values(arguments, text)


def set_up_work(context: RunContext, record: RunRecord) -> None:
    """Make the run's own writable copy of the source, with ``outputs`` and ``logs`` in it, unless it runs elsewhere."""
    assert record.prepare is not None  # noqa: S101 - the stage before
    if context.compute.apart:
        return
    if context.handle is not None and context.handle.attended:
        context.run.requests.mkdir(exist_ok=True)  # ours, whoever the script is in its container
    context.snapshots.check_out(record.prepare.snapshot.hash, context.run.work)
    for name in ("outputs", "logs"):
        make_folder(context.run.work / name)


def write_order(context: RunContext, record: RunRecord, handle: EnvironmentHandle) -> bool:
    """Write what the worker is told, what is secret of it apart, and tell whether its command shows a secret."""
    public, secret = job_order.parts(order(context, record, handle))
    job_order.keep(str(context.run.root), secret)
    write_json(context.run.order, public, durable=False)
    return secret["argv"] is not None and not public["hides_argv"]


def order(context: RunContext, record: RunRecord, handle: EnvironmentHandle) -> dict[str, Any]:
    """Return what the worker is told, ``order.json``, with what is secret: what the record does not have as it is."""
    assert record.prepare is not None  # noqa: S101 - the stage before
    spec, root = context.spec, context.layout.root
    places = {name: str(root / one.location) for name, one in record.prepare.inputs.items()}
    variables = {
        name: None if value is None else fill_inputs(value, places)
        for name, value in spec.job.environment_variables.items()
    }
    argv = [fill_inputs(word, places) for word in script_argv(spec)]
    recorded = record.config["job"]
    shown = [fill_inputs(word, places) for word in argv_of(spec.job.script, recorded["command"], recorded["arguments"])]
    known = recorded["environment_variables"] or {}
    calls = {"finish": callback("finish"), "answer": callback("answer")}
    registers = spec.model.name is not None and spec.model.register != "none" and "register" in spec.stages
    return {
        "format": FORMAT,
        "run_id": record.id,
        "experiment": record.experiment,
        "number": record.number,
        "snapshot": record.prepare.snapshot.hash,
        "display_name": record.display_name,
        "argv": handle.inside(argv),
        "shown_argv": handle.inside(shown) if shown != argv else None,
        "hides_argv": _can_hide(argv, handle),
        "secret": [name for name, value in spec.job.environment_variables.items() if known.get(name) != value],
        "script": spec.job.script,
        "variables": {**_share(context), **handle.variables(), **variables},
        "timeout": spec.job.timeout,
        "metrics": dict(spec.job.metrics),
        "tags": dict(spec.job.tags),
        "inputs": places,
        "model": {"path": spec.model.path, "framework": spec.model.framework} if registers else None,
        "inspector": handle.inside(["python"]),
        "python": handle.argv(["python"]),
        **({"finish": None, "answer": None, "attended": calls} if handle.attended else calls),
        "grace": timeouts.seconds("grace"),
        "detach": spec.detach,
        "at_a_time": context.at_a_time,
        "shared_environment": handle.record.kind != "current",  # what the script installs must not change it
    }


def _can_hide(argv: list[str], handle: EnvironmentHandle) -> bool:
    """Return whether a command can be told its words otherwise: Python since 3.8 can, where it imports ``site``."""
    version = tuple(int(part) for part in handle.record.python_version.split(".")[:2])
    return argv[0] == "python" and version >= (3, 8) and (not argv[1].startswith("-") or argv[1] == "-m")


def callback(what: str) -> list[str]:
    """Return the command that finishes a run or answers a script, without its arguments."""
    return [sys.executable, str(CALLBACK), what]


def follow(run: RunLayout) -> None:
    """Have a process of its own follow a run that is on a node of a cluster, and finish its record in the end."""
    with (run.logs / "attendant.log").open("ab") as log:
        subprocess.Popen(
            [*callback("follow"), str(run.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )


def _share(context: RunContext) -> dict[str, str]:
    """Return what gives a run its share of the cores here, but for what the user has set for the command itself."""
    if context.at_a_time is None or context.compute.apart:
        return {}
    share = thread_share(usable_cores(), context.at_a_time)
    return {name: value for name, value in share.items() if name not in os.environ}


def wait_for(job: Job, run_: RunLayout, *, show: bool) -> None:
    """Show the log until the worker is gone. Ctrl-C asks it to cancel, a second one ends everything at once."""
    interrupts, heeded, tail = 0, 0, Tail(run_.log)
    while True:
        try:
            if heeded < interrupts:
                _end(job, run_, at_once=interrupts > 1)
                heeded = interrupts
            gone = job.wait(_TICK)
            if show:
                tail.copy()
            if gone:
                break
        except KeyboardInterrupt:  # nothing is done here, where another one would leave the run to itself
            interrupts += 1
    if show:
        tail.copy(to_end=True)
    if interrupts:
        raise KeyboardInterrupt


def _end(job: Job, run_: RunLayout, *, at_once: bool) -> None:
    if not at_once:
        print("\nCanceling the run. Press Ctrl-C again to end it immediately.", file=sys.stderr)
    if not run_.cancel.exists():
        request_cancel(run_, "Ctrl-C")
    job.cancel(kill=at_once)


class Tail:
    """Copies what was appended to a file to standard output, in bounded pieces."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset = path, 0

    def copy(self, *, to_end: bool = False) -> None:
        """Copy what is new."""
        try:
            with open_regular(self.path, sys.maxsize) as file, reader_may_leave():
                file.seek(self.offset)
                while block := file.read(_BLOCK):
                    self.offset += len(block)
                    sys.stdout.flush()
                    sys.stdout.buffer.write(block)
                    if not to_end:
                        break
                sys.stdout.flush()
        except (FileNotFoundError, UserError):  # the script has removed it, or put something else in its place
            return


def request_cancel(run_: RunLayout, by: str, reason: str | None = None) -> None:
    """Leave the mark that asks for the run's end; a worker that starts later finds it too."""
    write_json(run_.cancel, {"format": FORMAT, "by": by, "reason": reason})


def cancel_reason(run_: RunLayout) -> str | None:
    """Return why a run was asked to end, if that was said."""
    try:
        return read_record(run_.cancel, CancelRecord).reason
    except FileNotFoundError:
        return None
    except UserError:  # its presence asks for the end, whatever is in it
        return None


def read_result(run_: RunLayout) -> ResultRecord:
    """Return the worker's answer, with what was not kept; a worker that died without one has failed.

    The script has ended: from here on nothing it left is followed.
    """
    notes = tuple(straighten(run_))
    try:
        result = read_record(run_.result, ResultRecord)
    except FileNotFoundError:
        result = ResultRecord(status=FAILED, reason="the worker ended without a result; see logs/worker.log")
    return dataclasses.replace(result, notes=(*result.notes, *notes)) if notes else result


def wait_for_worker(run_: RunLayout) -> None:
    """Wait until a run that nobody minds has come to its end by itself."""
    while worker_lives(run_):
        time.sleep(_TICK)


def worker_pid(run_: RunLayout) -> int | None:
    """Return the pid of a worker that lives, or of the one that attends it."""
    try:
        if is_locked(run_.attendant_lock):
            return int(read_text(run_.attendant_lock))
        if not is_locked(run_.worker_lock):
            return None
        pid = read_record(run_.process, ProcessRecord).pid
        return pid if _has_open(pid, run_.worker_lock) else None
    except (FileNotFoundError, UserError, ValueError):
        return None


def _has_open(pid: int, path: Path) -> bool:
    """Return whether a process has a file open: a script in a container could name any process of this machine."""
    files = Path("/proc", str(pid), "fd")
    if not Path("/proc/self/fd").exists():
        return True
    try:
        return any(one.samefile(path) for one in files.iterdir() if one.exists())
    except OSError:
        return False


def signal_worker(run_: RunLayout, number: int) -> None:
    """Send a signal to the run's worker if it lives."""
    pid = worker_pid(run_)
    if pid is not None:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):  # of a colleague's run: its worker finds the mark
            return
