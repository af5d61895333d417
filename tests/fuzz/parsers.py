"""Feeds whatever comes to one parser: ``python tests/fuzz/parsers.py NAME [libFuzzer's options]``.

A parser refuses with one of `REFUSALS`, or takes what it gets; anything else that is raised is a mistake of ours, and
the fuzzer keeps the bytes in ``crash-*``. It needs atheris, which the tests do not: see ``nox -s fuzz``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["runner", "serving"]):
    import yaml
    from omegaconf.errors import OmegaConfBaseException
    from sklearn.datasets import load_iris
    from sklearn.svm import SVC

    from runner import records
    from runner.config.limits import yaml_files
    from runner.errors import UserError
    from runner.execution.metrics import last_values, numbers_of
    from runner.io import json_records
    from runner.io.record import Record
    from runner.store.aliases import AliasFile
    from runner.worker.node.agent import server as agent
    from serving.data.tables import KINDS, read_chunks
    from serving.dataplane.model import ServedModel
    from serving.dataplane.plane import DataPlane, Limits, Route
    from serving.http.app import App
    from serving.http.keys import Keys
    from serving.observe.telemetry import Metrics, Telemetry
    from serving.protocols.registry import PROTOCOLS
    from tests.fuzz.seeds import seeds
    from tests.support.estimators.mixed import MIXED

REFUSALS = (UserError, yaml.YAMLError, OmegaConfBaseException)
KINDS_OF_RECORD = [kind for kind in vars(records).values() if isinstance(kind, type) and issubclass(kind, Record)]
PLACE = Path(tempfile.mkdtemp(prefix="fuzz-"))


def as_records(data: bytes) -> None:
    """Read JSON as each kind of record, and write what was read."""
    value = json_records.parsed(data, "record")
    for kind in KINDS_OF_RECORD:
        try:
            record = json_records.as_record(value, kind, "record")
        except UserError:
            continue
        assert json_records.as_record(record.to_json(), kind, "record") == record


def as_lines(data: bytes) -> None:
    """Read lines of metrics and of aliases as the commands do."""
    path = PLACE / "aliases.jsonl"
    path.write_bytes(data)
    lines = list(json_records.read_lines(path, records.MetricLine))
    last_values(lines)
    for line in lines:
        numbers_of(line)
    AliasFile(PLACE).current("2026-07-01")


def as_yaml(data: bytes) -> None:
    """Read a composition's file."""
    text = data.decode(errors="surrogateescape")
    for load in (yaml_files.load, yaml_files.load_config):
        try:
            load(text, "file")
        except REFUSALS:
            continue


def as_rows(data: bytes) -> None:
    """Read a file of rows; its first byte says of which kind."""
    path = PLACE / f"rows{KINDS[(data or b'0')[0] % len(KINDS)]}"
    path.write_bytes(data[1:])
    for rows, _ in read_chunks(path, 100):
        assert len(rows) <= 100


def as_requests() -> Callable[[bytes], None]:
    """Return what posts bytes to a server; the first says where and as what."""
    plane = DataPlane(Limits())
    record = records.ModelRecord(name="x", version=1, created="", artefact="m", sha256="", bytes=0)
    for name, model in (("m", SVC().fit(*load_iris(return_X_y=True))), ("n", MIXED)):
        served = ServedModel(dataclasses.replace(record, name=name), model)
        plane.routes = {**plane.routes, name: Route({1: served}, {1: 1.0})}
    client = App(plane, Keys(None), Telemetry(Metrics(), None, None, 0)).flask.test_client()
    addresses = [address for protocol in PROTOCOLS for address in protocol.addresses if "<name>" in address]
    paths = [address.replace("<name>", name).replace("<version>", "1") for address in addresses for name in "mn"]
    types = ["application/json", "text/csv", "application/octet-stream"]

    def post(data: bytes) -> None:
        where, what, length = (data + b"\0\0\0")[:3]
        headers = {"Inference-Header-Content-Length": str(length)} if what & 4 else {}
        answer = client.post(
            paths[where % len(paths)], data=data[3:], content_type=types[what % len(types)], headers=headers
        )
        assert answer.status_code < 500, answer.data

    return post


class Deaf:
    """A task that does nothing: what the fuzzer asks an agent for is only read."""

    def __init__(self, message: Any, _execute: Any, _send: Any) -> None:
        self.number = message["id"]

    def take(self, _what: str, _content: bytes) -> None:
        """Take nothing."""

    def carry_out(self) -> None:
        """Do nothing."""


agent.Task = Deaf  # type: ignore[attr-defined, assignment]
agent.Agent._end_if_silent = lambda _self: None  # type: ignore[method-assign, assignment] # a thread for each would stay


def as_orders(data: bytes) -> None:
    """Read what a controller sends to an agent."""
    with contextlib.suppress(SystemExit):  # with one line
        agent.Agent(io.BytesIO(data), io.BytesIO(), 1e9).serve()


PARSERS: dict[str, Callable[[], Callable[[bytes], None]]] = {
    "records": lambda: as_records,
    "lines": lambda: as_lines,
    "yaml": lambda: as_yaml,
    "rows": lambda: as_rows,
    "requests": as_requests,
    "orders": lambda: as_orders,
}


def main() -> None:
    """Fuzz one parser; the last argument is the folder of its inputs, to which ours are added."""
    name = sys.argv.pop(1)
    parse, folder = PARSERS[name](), Path(sys.argv[-1])
    for at, seed in enumerate(seeds(name) if folder.is_dir() else ()):
        (folder / f"seed-{at}").write_bytes(seed)

    def once(data: bytes) -> None:
        said = ""
        try:
            parse(data)
        except UserError as refusal:
            said = str(refusal)
        assert "\n" not in said, said

    atheris.Setup(sys.argv, once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
