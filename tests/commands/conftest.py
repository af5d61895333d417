"""A workspace with a history, built through the stores."""

import json
from typing import Any

import pytest

from runner.records import (
    EnvironmentRecord,
    GitState,
    Inspection,
    PrepareRecord,
    RegisterRecord,
    ResultRecord,
    SnapshotRecord,
)
from tests.support.command_line import CommandLine
from tests.support.history import History


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
        tags={"team": "a", "set": "by script"},
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
