"""Records are input: whatever is in their place, a command says it in a line, and what is intact is still shown.

``--whole -k test_any_content`` hunts twenty times as long, and prints what repeats a find.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import runner.io.json_records
from runner.cli import main
from runner.config.endpoint_settings import EndpointSettings
from runner.endpoints.store import EndpointStore
from runner.io.files import write_json
from runner.layout import Layout
from runner.records import Deployment, EndpointRecord
from runner.store.data.store import DataStore
from runner.store.parity import keep_parity
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore
from runner.sweeps.store import SweepStore
from tests.support.attacks.damage import CONTENTS, PLACES, remove
from tests.support.command_line import CommandLine
from tests.support.suite.examples import examples

pytestmark = pytest.mark.sampled(covers=["runner/**/*.py", "tests/support/attacks/damage.py"])
_NOTES = (
    "Its controller",
    "The controllers",
    "No ",
    "Run ",
    "Model ",
    "Endpoint ",
    "and ",
    "+",
    "Not shown",
    "Data ",
    "There ",
)
_SECONDS = 20  # until a command hangs
SCRIPT = """
from azureml.core import Run
run = Run.get_context()
run.log("accuracy", 0.5)
run.log_list("losses", [3.0, 1.0])
run.tag("team", "a")
run.child_run("part").log("loss", 1.0)
open("outputs/model.pkl", "wb").write(b"model")
"""
# The files that a command reads, by what they are of: RUN, TRIAL, MODEL, SWEEP, ENDPOINT, ENVIRONMENT.
FILES = {
    "RUN": [
        "run.json", "metrics.jsonl", "properties.jsonl", "result.json", "order.json", "environment.lock",
        "process.json", "children/*/child.json", "children/*/metrics.jsonl", "children/*/properties.jsonl",
        "worker.lock", "logs/run.log", "cancel.json", "attempts.jsonl", "job.json", "node.json",
    ],
    "TRIAL": ["run.json", "metrics.jsonl", "worker.lock"],
    "MODEL": ["1/model.json", "1/parity-onnx.json", "aliases.jsonl", "1/model.pkl"],
    "DATA": ["1/data.json", "1/files.jsonl", "aliases.jsonl"],
    "SWEEP": ["sweep.json", "trials.jsonl", ".lock"],
    "ENDPOINT": ["endpoint.json", "keys.json", "problem.txt", "states/1.json", "logs/server.log", "server.lock"],
    "ENVIRONMENT": ["environment.json", "environment.lock"],
    "WORKSPACE": ["index.sqlite"],
}  # fmt: skip
LISTS = ["runs", "models", "sweeps", "endpoints", "environments", "data"]
COMMANDS = [
    *LISTS, "runs --csv", "runs --sort accuracy", "runs --where accuracy>0.1", "runs --columns id,tags,error,ended",
    "show RUN", "metrics RUN", "logs RUN", "compare RUN OTHER", "show TRIAL", "show latest", "models show MODEL",
    "models verify", "models alias MODEL", "models alias MODEL --at 2026-07-01", "models show MODEL@champion",
    "data show DATA", "data show DATA@golden", "data preview DATA", "data verify", "data alias DATA",
    "data diff DATA DATA",
    "sweep SWEEP", "sweep latest", "best SWEEP", "logs ENDPOINT", "keys ENDPOINT", "environments show ENVIRONMENT",
    "show RUN_1",
]  # fmt: skip


class Workspace:
    """What the product itself has recorded: of each thing one to be damaged and one that stays."""

    def __init__(self, folder: Path) -> None:
        line = CommandLine(folder)
        line.script(SCRIPT)
        for words in (["experiment_name=hurt"], ["experiment_name=well"]):
            done = line.job(*words)
            assert done.returncode == 0, done.stderr
        for name in ("hurt-sweep", "well-sweep"):
            done = line.job("-m", f"experiment_name={name}", "sweep.objective=accuracy", "+job.arguments.x=1,2")
            assert done.returncode == 0, done.stderr
        self.layout = Layout(line.workspace)
        self.names: dict[str, str] = {}
        self.folders: dict[str, Path] = {}
        self._find_runs()
        self._make_models()
        self._make_data()
        self._make_environments()

    def _find_runs(self) -> None:
        runs = {record.experiment: record for record in FileRunStore(self.layout).list()}
        sweeps = {record.experiment: record for record in SweepStore(self.layout).list()}
        for word, record in (("RUN", runs["hurt"]), ("OTHER", runs["well"]), ("TRIAL", runs["hurt-sweep"])):
            self._add(word, record.id, self.layout.run(record.experiment, record.id).root)
        for word, sweep in (("SWEEP", sweeps["hurt-sweep"]), ("WELL-SWEEP", sweeps["well-sweep"])):
            self._add(word, sweep.id, self.layout.sweep(sweep.id).root)
        record = json.loads((self.folders["SWEEP"] / "sweep.json").read_text())
        record.update(state="running", ended=None)  # so that its journal and its trials are read too
        write_json(self.folders["SWEEP"] / "sweep.json", record)
        self.run = runs["hurt"]

    def _make_models(self) -> None:
        from runner.records import ModelRecord

        registry, store = FileRegistry(self.layout), EndpointStore(self.layout)
        artefact = self.folders["RUN"] / "outputs" / "model.pkl"
        for name in ("hurt-model", "well-model"):
            made = ModelRecord(name=name, version=0, created="", artefact="", sha256="", bytes=0, run=self.run.id)
            made = registry.register(artefact, made)
            registry.set_alias(name, "champion", 1)
            registry.set_alias(name, "second", 1)
            method = {"used": True, "labels_equal": 1.0, "precision": "double"}
            keep_parity(self.layout, made, {"time": made.created, "methods": {"predict": method}})
            endpoint = name.replace("model", "endpoint")
            deployment = Deployment(reference=name, name=name, version=1)
            record = EndpointRecord(
                name=endpoint, created=made.created, deployments=(deployment,), settings=asdict(EndpointSettings())
            )
            store.write(record)
            store.make_key(endpoint, "primary")
            folder = self.layout.endpoint(endpoint).root
            (folder / "states").mkdir()
            served = [{"name": name, "version": 1}]
            write_json(folder / "states" / "1.json", {"pid": 1, "generation": 1, "served": served, "problem": None})
            (folder / "logs").mkdir()
            (folder / "logs" / "server.log").write_text("began\n")
            (folder / "problem.txt").write_text("none\n")
        self._add("MODEL", "hurt-model", self.layout.model("hurt-model"))
        self._add("ENDPOINT", "hurt-endpoint", self.layout.endpoint("hurt-endpoint").root)
        self._add("WORKSPACE", "", self.layout.root)

    def _make_data(self) -> None:
        source = self.layout.root / "rows.csv"
        source.write_text("a,b\n1,2\n")
        store = DataStore(self.layout)
        for name in ("hurt-data", "well-data"):
            store.add(name, [source])
            store.set_alias(name, "golden", 1)
            os.utime(self.layout.asset(name), (1_000_000_000, 1_000_000_000))  # long ago, so that its row is kept
        self._add("DATA", "hurt-data", self.layout.asset("hurt-data"))

    def _make_environments(self) -> None:
        assert self.run.prepare is not None
        for key in ("a" * 32, "b" * 32):
            folder = self.layout.environment(key)
            folder.mkdir(parents=True)
            write_json(folder / "environment.json", self.run.prepare.environment.to_json())
            (folder / "environment.lock").write_text("")
        self._add("ENVIRONMENT", "a" * 32, self.layout.environment("a" * 32))

    def _add(self, word: str, name: str, folder: Path) -> None:
        self.names[word], self.folders[word] = name, folder

    def files(self) -> list[Path]:
        """Return all that is to be damaged; what is not there could be."""
        paths = []
        for word, names in FILES.items():
            for name in names:
                existing = [path for path in self.folders[word].glob(name) if path.exists()]
                paths += sorted(existing) or ([self.folders[word] / name] if "*" not in name else [])
        return paths

    def well(self, command: str) -> list[str]:
        """Return what a list has to show, however another one is damaged."""
        return {
            "runs": [self.names["OTHER"]],
            "models": ["well-model"],
            "sweeps": [self.names["WELL-SWEEP"]],
            "endpoints": ["well-endpoint"],
            "data": ["well-data"],
            "environments": ["b" * 32],
        }.get(command, [])

    def type(self, command: str, *, as_json: bool) -> None:
        """Type a reading command and see that it is answered as it has to be."""
        words = [self.names.get(word, word) for word in command.split()]
        words = [self._replaced(word) for word in words] + ["--workspace", str(self.layout.root)]
        code, out, err = typed([*words, "--json"] if as_json else words)
        where = f"vivero {' '.join(words)}{' --json' if as_json else ''}: {code}\n{out[-2000:]}\n{err[-4000:]}"
        assert code in (0, 1, 2) and "Traceback" not in err, where
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(errors) == (code == 1), where
        others = [line for line in err.splitlines() if not line.startswith(("error: ", "warning: ", *_NOTES))]
        assert not others, where
        if command in LISTS:
            shown = [any(part in out for part in (name, name[:12], name[-8:])) for name in self.well(command)]
            assert code == 0 and all(shown), where
        if as_json and code == 0 and "--csv" not in words:
            json.loads(out)

    def _replaced(self, word: str) -> str:
        for name, replacement in self.names.items():
            if word in (f"{name}_1", f"{name}@champion", f"{name}@golden"):
                return word.replace(name, replacement)
        return word


class HangError(BaseException):
    """A command that waits for what never comes."""


def typed(words: list[str]) -> tuple[int, str, str]:
    """Run a command in this process, where it takes milliseconds."""

    def hang(_number: int, _frame: Any) -> None:
        raise HangError(" ".join(words))

    runner.io.json_records._warned.clear()
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(_SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
            sys.stdout.flush()
            sys.stderr.flush()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return code, out.buffer.getvalue().decode(errors="replace"), err.buffer.getvalue().decode()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("damaged"))


@contextlib.contextmanager
def restored(path: Path) -> Iterator[bytes]:
    """Put back what was there."""
    content = path.read_bytes() if path.is_file() else None
    try:
        yield content or b""
    finally:
        remove(path)
        if content is not None:
            path.write_bytes(content)


def test_the_workspace_is_read_as_it_is(workspace: Workspace) -> None:
    for command in COMMANDS:
        for as_json in (False, True):
            workspace.type(command, as_json=as_json)
    assert len(workspace.files()) > 25


@pytest.mark.slow("types all commands for each example", seconds=300)
@settings(max_examples=examples(60, whole=1200), suppress_health_check=list(HealthCheck))
@given(data=some.data())
def test_any_content(workspace: Workspace, data: Any) -> None:
    files = workspace.files()
    path = files[data.draw(some.integers(0, len(files) - 1))]
    damage = data.draw(CONTENTS)
    with restored(path) as content:
        remove(path)
        path.write_bytes(damage(content))
        _type_all(workspace, path, data.draw(some.booleans()))


@pytest.mark.parametrize("place", PLACES)
def test_anything_in_its_place(workspace: Workspace, place: str) -> None:
    for path in workspace.files():
        with restored(path):
            remove(path)
            PLACES[place](path)
            _type_all(workspace, path, as_json=False)


def _type_all(workspace: Workspace, path: Path, as_json: bool) -> None:
    """Type all commands that could read a file."""
    for command in COMMANDS:
        try:
            workspace.type(command, as_json=as_json)
        except AssertionError as error:
            raise AssertionError(f"{path}: {error}") from None
