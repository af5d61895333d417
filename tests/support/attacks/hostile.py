"""A workspace of an attacker who wants programs to be started by anyone who looks at it."""

import json
import os
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

from runner.layout import Layout
from runner.records import ModelRecord, RunRecord
from runner.store.data.store import DataStore
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore
from runner.sweeps.store import SweepStore
from tests.support.attacks.malicious import Malicious
from tests.support.command_line import CommandLine
from tests.support.pipelines import Pipelines, step
from tests.support.sweeps import sweep, trial

STRANGER = 12345  # a uid without an account


class Hostile:
    """A workspace whose newest run claims to be running. If anything in it is executed, that leaves a mark."""

    def __init__(self, command_line: CommandLine) -> None:
        self.line, self.layout = command_line, Layout(command_line.workspace)
        self.started, self.loaded = command_line.folder / "started", command_line.folder / "loaded"

    def make(self) -> None:
        """Create the content."""
        pipelines = Pipelines(self.line)
        pipelines.write({"a": step("a")})
        pipelines.run()
        self.line.script("import shutil; shutil.copy('model.bin', 'outputs/model.pkl')")
        (self.line.folder / "src" / "model.bin").write_bytes(pickle.dumps(Malicious(self.loaded)))
        done = self.line.job()
        assert done.returncode == 0, done.stderr
        self._register()
        DataStore(self.layout).add("evil", [self.line.folder / "src" / "train.py"])
        SweepStore(self.layout).create(sweep(trial(0, 0.5), trial(1, run=self.run.id, status="running", ended=None)))
        record = json.loads(self.folder.record.read_text())
        record.update(status="running", run=None, finalize=None, ended=None)
        record["config"]["model"]["name"] = "evil"
        self.folder.record.write_text(json.dumps(record))
        program = self.line.folder / "program"
        program.write_text(f"#!/bin/sh\ntouch {self.started}\n")
        program.chmod(0o755)
        order = json.loads(self.folder.order.read_text())
        named = {name: [str(program)] for name in ("python", "inspector", "finish", "answer")}
        self.folder.order.write_text(json.dumps({**order, **named}))

    def _register(self) -> None:
        FileRegistry(self.layout).register(
            self.line.folder / "src" / "model.bin",
            ModelRecord(name="evil", version=0, created="2026-07-01T12:00:00Z", artefact="", sha256="", bytes=0),
        )

    @property
    def run(self) -> RunRecord:
        return FileRunStore(self.layout).find("latest")

    @property
    def folder(self) -> Any:
        return self.layout.run(self.run.experiment, self.run.id)

    def vivero(self, words: str, **options: Any) -> Any:
        """Run a command with the workspace named. RUN, SWEEP and PIPELINE stand for those that it has."""
        (sweep_id,) = SweepStore(self.layout).ids()
        (steps,) = self.layout.runs.glob("*/*/steps.jsonl")
        names = {"RUN": self.run.id, "SWEEP": sweep_id, "PIPELINE": steps.parent.name}
        typed = [names.get(word, word) for word in words.split()]
        here = [] if typed[0] == "run" else ["--workspace", str(self.layout.root)]
        return self.line.vivero(*here, *typed, **options)

    def marks(self) -> list[str]:
        """Return the marks of what was executed."""
        return [path.name for path in (self.started, self.loaded) if path.exists()]


def give_away(path: Path) -> str:
    """Change the owner below a path, or make it writable for others if we can't. Return the expected message."""
    if os.geteuid() != 0:
        path.chmod(path.stat().st_mode | 0o002)
        return "can be written by others"
    for entry in (path, *path.rglob("*")):
        os.chown(entry, STRANGER, STRANGER, follow_symlinks=False)
    return "belongs to another user (uid 12345)"


def copied(made: Hostile, folder: Path) -> Hostile:
    """Return a copy of a hostile workspace."""
    shutil.copytree(made.line.folder, folder)
    again = Hostile(CommandLine(folder))
    again.loaded = made.loaded  # this path is stored in the model
    for mark in (again.started, again.loaded):
        mark.unlink(missing_ok=True)
    for path in (again.folder.order, again.line.folder / "program", again.folder.record):
        path.write_text(path.read_text().replace(str(made.line.folder), str(folder)))
    assert sys.executable not in json.loads(again.folder.order.read_text())["python"]
    return again
