"""A workspace with a history, built through the stores."""

import json
import pickle
from typing import Any

import pytest

from runner.layout import Layout
from runner.records import (
    EnvironmentRecord,
    FileRecord,
    FinalizeRecord,
    GitState,
    Inspection,
    ModelRecord,
    PrepareRecord,
    RegisterRecord,
    ResultRecord,
    RunRecord,
    SnapshotRecord,
)
from runner.store.registry import FileRegistry
from runner.store.runs import FileRunStore
from tests.support.command_line import CommandLine


class History:
    """Records runs and models in the workspace of a command line."""

    def __init__(self, command_line: CommandLine) -> None:
        self.vivero = command_line.vivero
        self.command_line = command_line
        self.folder = command_line.folder
        self.layout = Layout(command_line.workspace)
        self.layout.create()
        self.runs = FileRunStore(self.layout)
        self.models = FileRegistry(self.layout)
        self.count = 0

    def run(
        self,
        experiment: str = "iris",
        status: str = "completed",
        metrics: Any = None,
        outputs: Any = None,
        **fields: Any,
    ) -> Any:
        """Record a run, one second after the one before."""
        from runner.io.files import hash_file

        self.count += 1
        second = f"{self.count:02d}"
        run_id = f"{experiment}-20260701-1200{second}-{self.count:08x}"
        folder = self.layout.run(experiment, run_id)
        for path in (folder.logs, folder.outputs):
            path.mkdir(parents=True)
        for name, text in (outputs or {}).items():
            path = folder.outputs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        files = tuple(
            FileRecord(path=name, bytes=len(text), sha256=hash_file(folder.outputs / name))
            for name, text in (outputs or {}).items()
        )
        record = RunRecord(
            **{
                "id": run_id,
                "experiment": experiment,
                "status": status,
                "created": f"2026-07-01T12:00:{second}.000000Z",
                "ended": f"2026-07-01T12:01:{second}.500000Z",
                "finalize": FinalizeRecord(metrics=metrics or {}, outputs=files),
                **fields,
            }
        )
        self.runs.create(record)
        return record

    def folder_of(self, record: Any) -> Any:
        return self.layout.run(record.experiment, record.id)

    def model(self, name: str = "iris", content: bytes = b"model", **fields: Any) -> Any:
        """Register a version."""
        path = self.folder / "model.joblib"
        path.write_bytes(pickle.dumps(content))
        record = ModelRecord(
            name=name,
            version=0,
            created="2026-07-01T12:00:00.000000Z",
            artefact=path.name,
            sha256="",
            bytes=0,
            **fields,
        )
        return self.models.register(path, record)

    def json(self, *words: str, **options: Any) -> Any:
        """Run a command with --json and return the one document it must print."""
        done = self.vivero(*words, "--json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def error(self, *words: str, **options: Any) -> Any:
        """Run a command that must fail as a user's mistake does and return its one line."""
        done = self.vivero(*words, **options)
        assert done.returncode == 1, done.stderr + done.stdout
        assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr + done.stdout
        return done.stderr


@pytest.fixture
def history(command_line: CommandLine) -> History:
    return History(command_line)


@pytest.fixture
def full_run(history: History) -> Any:
    """A run with everything in its record."""
    record = history.run(
        metrics={"accuracy": 0.975},
        outputs={"model.joblib": "bytes", "deep/plot.png": "pixels"},
        display_name="steady_fox",
        number=3,
        description="first try",
        tags={"team": "a"},
        overrides=("+experiment=iris", "job.arguments.kernel=rbf"),
        config={"job": {"script": "train.py", "arguments": {"kernel": "rbf"}}},
        phases={"Preparing": 0.25, "Running": 61.0},
        prepare=PrepareRecord(
            snapshot=SnapshotRecord(
                hash="ab" * 32,
                source="src",
                files=2,
                bytes=2048,
                git=GitState(commit="c0ffee" * 6, branch="main", remote="git@example.org:x.git", dirty=True),
            ),
            environment=EnvironmentRecord(
                kind="current",
                key="k1",
                prefix="/usr",
                python="/usr/bin/python3",
                python_version="3.11.9",
                platform="linux",
                packages={"scikit-learn": "1.5.0", "numpy": "2.0.0"},
            ),
        ),
        run=ResultRecord(status="completed", exit_code=0, duration=60.0, peak_memory=150_000_000, host="here"),
        register=RegisterRecord(model="iris", version=1, sha256="00"),
    )
    folder = history.folder_of(record)
    folder.log.write_bytes(b"line one\nbad byte \xff\n")
    (folder.logs / "mine.txt").write_text("my own\n")
    lines = [
        {"name": "loss", "value": value, "step": step, "time": "2026-07-01T12:00:30.000000Z", "kind": "scalar"}
        for step, value in enumerate([0.9, 0.5, "NaN"])
    ]
    lines.append({"name": "row", "value": {"a": 1}, "step": None, "time": "2026-07-01T12:00:31.000000Z", "kind": "row"})
    folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder.properties.write_text(
        '{"kind": "tag", "name": "set", "value": "by script", "time": "2026-07-01T12:00:31.000000Z"}\n'
    )
    child = folder.children / f"{record.id}_1"
    child.mkdir(parents=True)
    (child / "child.json").write_text(json.dumps({"id": child.name, "name": None, "number": 1, "status": "completed"}))
    (child / "metrics.jsonl").write_text(json.dumps({**lines[0], "name": "fold"}) + "\n")
    return record


@pytest.fixture
def inspection() -> Any:
    return Inspection(
        path="model.joblib",
        sha256="00",
        model_class="sklearn.pipeline.Pipeline",
        steps=({"name": "svc", "class": "sklearn.svm.SVC"},),
        features=4,
        classes=(0, 1, 2),
        methods=("predict",),
    )
