"""Run: the worker executes the script; its output is shown as it comes."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from runner.config.arguments import unread_values
from runner.console.pipes import ignore_closed_output
from runner.errors import UserError
from runner.execution.context import RunContext
from runner.execution.control import request_cancel
from runner.execution.job_order import make_order, write_order
from runner.io.files import make_folder
from runner.io.json_records import open_regular, read_record
from runner.layout import RunLayout
from runner.ports.compute import Job
from runner.records import ResultRecord, RunRecord, SnapshotRecord
from runner.stages.missing_files import hint
from runner.stages.sanitize import remove_special_files
from runner.statuses import CANCELED, FAILED

_TICK = 0.05
_BLOCK = 1 << 16


class Detached(Exception):  # noqa: N818 - not an error
    """The run continues without the controller."""


def run(context: RunContext, record: RunRecord) -> ResultRecord:
    """Submit the worker and wait for its result.

    Raises
    ------
    Detached
        If the run continues without the controller, with ``detach=true``.
    """
    assert record.prepare is not None and context.handle is not None  # noqa: S101 - the previous stage sets it
    for name, input_record in record.prepare.inputs.items():
        context.inputs.recheck(name, input_record, context.run.inputs)
    create_working_copy(context, record)
    for line in _hints(context, record.prepare.snapshot.hash):
        context.say(line)
    if write_order(context.run, make_order(context, record, context.handle)):
        context.say(
            "Other users of this machine can see a secret in the command line. Pass it as an environment variable"
        )
    context.job = context.compute.submit(context.run.root, context.handle)
    if context.spec.detach:
        context.job.detach()
        raise Detached
    wait_for(context.job, context.run, show=context.show_output)
    result = read_result(context.run)
    advice = _advice(context, record.prepare.snapshot, result.reason) if result.reason else None
    if advice is not None:
        result = dataclasses.replace(result, reason=f"{result.reason}. {advice}")
    for name, input_record in record.prepare.inputs.items():
        context.inputs.recheck(name, input_record, context.run.inputs)
    return result


def _advice(context: RunContext, snapshot: SnapshotRecord, reason: str) -> str | None:
    """Return advice if the reason of a failure is a known one."""
    from runner.stages.mlflow_models import advice

    return hint(context, snapshot, reason) or advice(reason)


def _hints(context: RunContext, snapshot: str) -> list[str]:
    """Return hints about the script's arguments."""
    script, arguments = context.spec.job.script, context.spec.job.arguments
    if (
        script is None
        or not isinstance(arguments, dict)
        or not any(isinstance(argument, list) for argument in arguments.values())
    ):
        return []
    try:
        text = (context.layout.snapshot(snapshot) / "files" / script).read_text("utf-8", "replace")
    except OSError:  # the worker reports that it is missing
        return []
    return unread_values(arguments, text)


def create_working_copy(context: RunContext, record: RunRecord) -> None:
    """Create the run's own writable copy of the source, with ``outputs`` and ``logs``, unless it runs elsewhere."""
    assert record.prepare is not None  # noqa: S101 - the previous stage sets it
    if context.compute.apart:
        return
    if context.handle is not None and context.handle.attended:
        context.run.requests.mkdir(exist_ok=True)  # must belong to us, even if the container runs as another user
    context.snapshots.check_out(record.prepare.snapshot.hash, context.run.work)
    for folder in (context.run.work_outputs, context.run.work_logs):
        make_folder(folder)


def wait_for(job: Job, run_: RunLayout, *, show: bool) -> None:
    """Show the log until the worker has ended. Ctrl-C cancels the run, a second one ends everything immediately."""
    interrupts, handled, tail = 0, 0, Tail(run_.log)
    while True:
        try:
            if handled < interrupts:
                _end(job, run_, at_once=interrupts > 1)
                handled = interrupts
            gone = job.wait(_TICK)
            if show:
                tail.copy()
            if gone:
                break
        except KeyboardInterrupt:  # handled in the loop, because a second one here would abandon the run
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
        """Copy the new part."""
        try:
            with open_regular(self.path, sys.maxsize) as file, ignore_closed_output():
                file.seek(self.offset)
                while block := file.read(_BLOCK):
                    self.offset += len(block)
                    sys.stdout.flush()
                    sys.stdout.buffer.write(block)
                    if not to_end:
                        break
                sys.stdout.flush()
        except (FileNotFoundError, UserError):  # the script has removed or replaced it
            return


def read_result(run_: RunLayout) -> ResultRecord:
    """Return the worker's result, with notes about files that were not kept.

    Without a result, the run has failed, or was canceled if that was requested. Links and special files that the
    script left are removed first, so that nothing that runs later follows them.
    """
    notes = tuple(remove_special_files(run_))
    try:
        result = read_record(run_.result, ResultRecord)
    except FileNotFoundError:
        result = ResultRecord(status=FAILED, reason="the worker ended without a result; see logs/worker.log")
        if run_.cancel.exists():
            result = ResultRecord(status=CANCELED, reason=CANCELED)
    return dataclasses.replace(result, notes=(*result.notes, *notes)) if notes else result
