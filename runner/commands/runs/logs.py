"""``vivero logs``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from runner.commands.common import advise, find_run, global_options, looked_at, read_run, wants_json, workspace
from runner.commands.output import note
from runner.errors import UserError, nearest
from runner.io.json_records import open_regular
from runner.io.names import is_name
from runner.layout import EndpointLayout, Layout, RunLayout

if TYPE_CHECKING:
    from runner.records import RunRecord

_BLOCK = 1 << 16
_PAUSE = 0.2


@click.command()
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Continue until the run has ended.")
@click.option("--name", metavar="FILE", default=RunLayout.log.name, show_default=True, help="Which log to print.")
@global_options
def logs(run: str, follow: bool, name: str) -> None:
    """Print a log of a run or an endpoint, byte for byte, or with --json as {run, name, text}.

    An endpoint's logs are server.log, access.jsonl and payloads.jsonl.
    """
    layout = workspace()
    if is_name(run) and layout.endpoint(run).record.exists():
        _endpoint_log(layout, run, EndpointLayout.log.name if name == RunLayout.log.name else name)
        return
    if follow:
        record = find_run(layout, run)
        blocks = _follow(layout, record, name)
    else:
        record, _ = read_run(layout, run)
        blocks = _read(layout, record, name)
    if wants_json():
        _write_json(record.id, name, blocks)
        return
    for block in blocks:
        sys.stdout.buffer.write(block)
        if follow:
            sys.stdout.buffer.flush()


def _endpoint_log(layout: Layout, endpoint: str, name: str) -> None:
    from runner.commands.endpoints.listing import servers_of
    from runner.endpoints.store import EndpointStore
    from runner.io.files import list_files
    from runner.io.json_records import LARGEST_LINES, read_bytes

    store, folder = EndpointStore(layout), layout.endpoint(endpoint).logs
    if name == EndpointLayout.log.name:
        content = servers_of(store, store.read(endpoint)).log(endpoint)
    else:
        found = list_files(folder) if folder.is_dir() else []
        if name not in found:
            raise UserError(f"Endpoint {endpoint} has no log '{name}'", nearest(name, found))
        content = read_bytes(folder / name, LARGEST_LINES)
    if wants_json():
        _write_json(endpoint, name, iter([content]))
    else:
        sys.stdout.buffer.write(content)


def _locate(layout: Layout, record: RunRecord, name: str) -> Path | None:
    """Return a log's path, or None if it may still appear. Only listed logs are opened, so a name cannot be a path."""
    from runner.commands.runs import reading

    found = reading.log_files(layout.run(record.experiment, record.id))
    if name in found:
        return found[name]
    if name == RunLayout.log.name:
        return None
    raise UserError(f"Run {record.id} has no log '{name}'", nearest(name, found))


def _read(layout: Layout, record: RunRecord, name: str) -> Iterator[bytes]:
    path = _locate(layout, record, name)
    if path is None:
        note(_why_silent(layout, record))
        return
    with open_regular(path, sys.maxsize) as file:
        while block := file.read(_BLOCK):
            yield block


def _why_silent(layout: Layout, record: RunRecord) -> str:
    if record.run is not None or not record.error:
        return f"Run {record.id} printed nothing: it is {record.status}"
    environment = layout.run(record.experiment, record.id).environment_log
    more = f" See: vivero logs {record.id} --name {environment.name}" if environment.exists() else ""
    return f"Run {record.id} is {record.status}; its script never started: {record.error.rstrip('. ')}.{more}"


def _follow(layout: Layout, record: RunRecord, name: str) -> Iterator[bytes]:
    """Yield a log as it grows. Checks whether the run has ended before each read, so that no output is missed."""
    from runner.statuses import TERMINAL
    from runner.worker import timeouts

    opened: BinaryIO | None = None
    alone: float | None = None  # since when the run is not followed
    try:
        while True:
            ended = record.status in TERMINAL
            if opened is None and (path := _locate(layout, record, name)) is not None:
                opened = open_regular(path, sys.maxsize)
            if opened is not None:
                yield from _new(opened)
            if ended:
                return
            time.sleep(_PAUSE)
            record, followed = looked_at(layout, record)
            alone = None if followed else alone or time.monotonic()
            if alone is not None and time.monotonic() - alone > timeouts.seconds("handed_over"):
                advise(layout, [record.id])
                return
    finally:
        if opened is not None:
            opened.close()


def _new(file: BinaryIO) -> Iterator[bytes]:
    position = file.tell()
    # A log that the script truncated is read from the start.
    file.seek(position if file.seek(0, os.SEEK_END) >= position else 0)
    while block := file.read(_BLOCK):
        yield block


def _write_json(run_id: str, name: str, blocks: Iterator[bytes]) -> None:
    """Write the document in pieces, because a log can be larger than memory."""
    import codecs
    import json

    decode: Callable[..., str] = codecs.getincrementaldecoder("utf-8")("replace").decode
    first = next(blocks, b"")
    sys.stdout.write(f'{{"run": {json.dumps(run_id)}, "name": {json.dumps(name)}, "text": "')
    sys.stdout.write(json.dumps(decode(first))[1:-1])
    for block in blocks:
        sys.stdout.write(json.dumps(decode(block))[1:-1])
    sys.stdout.write(json.dumps(decode(b"", True))[1:-1] + '"}\n')
