"""``vivero logs``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from runner.commands.common import advise, global_options, opened, read_run, wants_json, workspace
from runner.commands.output import note
from runner.io.names import is_name
from runner.layout import EndpointLayout, Layout, RunLayout

if TYPE_CHECKING:
    from runner.api.endpoints.endpoint import Endpoint
    from runner.records import RunRecord


@click.command()
@click.argument("run")
@click.option("--follow", "-f", is_flag=True, help="Continue until the run has ended.")
@click.option("--name", metavar="FILE", default=RunLayout.log.name, show_default=True, help="Which log to print.")
@global_options
def logs(run: str, follow: bool, name: str) -> None:
    """Print a log of a run or an endpoint, byte for byte, or with --json as {run, name, text}.

    An endpoint's logs are server.log, access.jsonl and payloads.jsonl.
    """
    from runner.api.run_files.logs import follow as follow_log
    from runner.api.runs.find import find_run

    layout = workspace()
    if is_name(run) and layout.endpoint(run).record.exists():
        _endpoint_log(opened().endpoints.get(run), EndpointLayout.log.name if name == RunLayout.log.name else name)
        return
    if follow:
        record = find_run(layout, run)
        run_id = record.id
        blocks = follow_log(layout, record, name, lambda: advise(layout, [run_id]))
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


def _endpoint_log(endpoint: Endpoint, name: str) -> None:
    content = endpoint.log(name)
    if wants_json():
        _write_json(endpoint.name, name, iter([content]))
    else:
        sys.stdout.buffer.write(content)


def _read(layout: Layout, record: RunRecord, name: str) -> Iterator[bytes]:
    from runner.api.run_files.logs import locate, read_all

    path = locate(layout, record, name)
    if path is None:
        note(_why_silent(layout, record))
        return
    yield from read_all(path)


def _why_silent(layout: Layout, record: RunRecord) -> str:
    if record.run is not None or not record.error:
        return f"Run {record.id} printed nothing: it is {record.status}"
    environment = layout.run(record.experiment, record.id).environment_log
    more = f" See: vivero logs {record.id} --name {environment.name}" if environment.exists() else ""
    return f"Run {record.id} is {record.status}; its script never started: {record.error.rstrip('. ')}.{more}"


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
