"""What a cluster adds to a run's records: lost attempts, notes, and a result if the worker did not write one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from runner.compute.cluster import stored_job
from runner.io.clock import now
from runner.io.files import append_json_line, write_json
from runner.io.json_records import as_record, parsed, read_json, read_lines
from runner.layout import RunLayout
from runner.records import AttemptLine, ResultRecord

_RESULTS = (f"{RunLayout.work_outputs}/", f"{RunLayout.work_logs}/")  # results of a script, which are fetched


def attempt(run: RunLayout) -> int:
    """Return the number of the current attempt."""
    return 1 + sum(1 for _ in read_lines(run.attempts, AttemptLine))


def add_lost_attempt(run: RunLayout, number: int, node: str, delivered: Iterable[str]) -> Path:
    """Record an attempt whose node was lost, and return the folder in which its results are kept apart.

    Parameters
    ----------
    delivered : iterable of str
        The files that the node has delivered so far, relative to the run's folder.
    """
    known = stored_job.read(run)
    apart = run.attempt(number)
    apart.mkdir(parents=True, exist_ok=True)
    for name in delivered:
        path = run.root / name
        path.rename(apart / path.name)
    began = known.began if known is not None else None
    line = {"attempt": number, "node": node, "began": began, "ended": now(), "why": "node lost"}
    append_json_line(run.attempts, line)
    return apart


def worker_result(run: RunLayout, content: bytes | None) -> ResultRecord | None:
    """Return the worker's result, or None if it did not write one.

    Parameters
    ----------
    content : bytes or None
        The result that the node sent, unless it is in the run's folder already.
    """
    if content is None and not run.result.exists():
        return None
    written = parsed(content, run.result) if content else read_json(run.result)
    return as_record(written, ResultRecord, run.result)


def write_result(run: RunLayout, result: ResultRecord, node: str, left: Sequence[str]) -> None:
    """Write the worker's result with notes on the node, the nodes lost before, and files that could not be fetched.

    Parameters
    ----------
    left : sequence of str
        The files that could not be fetched, relative to the run's folder.
    """
    host = node if result.host in (None, node) else f"{node} ({result.host})"
    notes = (*result.notes, *_lost_nodes(run), *_not_kept(left))
    write_json(run.result, dataclasses.replace(result, host=host, notes=notes).to_json())


def _lost_nodes(run: RunLayout) -> Iterator[str]:
    for line in read_lines(run.attempts, AttemptLine):
        yield f"attempt {line['attempt']} was lost with {line['node']}"


def _not_kept(left: Sequence[str]) -> Iterator[str]:
    for name in left:
        if name.startswith(_RESULTS):
            yield f"{name.removeprefix(f'{RunLayout.work}/')} is a link or a special file and was not kept"


def add_missing_result(run: RunLayout, status: str, reason: str) -> None:
    """Write a result if the worker did not."""
    if not run.result.exists():
        write_json(run.result, ResultRecord(status=status, reason=reason, ended=now()).to_json())
