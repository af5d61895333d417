"""Workspaces with many runs, made without running anything, and a studio on them in a process of its own."""

import contextlib
import json
import math
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runner.sweeps.records import EARLY
from tests.support.sweeps import sweep, trial
from tests.support.waiting import wait_for

BEGUN = datetime(2026, 7, 1, 8, tzinfo=UTC)
KERNELS = ("linear", "rbf", "poly")
EXPERIMENTS = ("iris", "digits", "diabetes")
STATUSES = ("completed",) * 7 + ("failed", "canceled", "completed")


def run_record(number: int, **fields: Any) -> dict[str, Any]:
    """Return the record of a run as it is on disk."""
    draw = random.Random(number)
    experiment, status = EXPERIMENTS[number % 3], STATUSES[number % 10]
    created = BEGUN + timedelta(minutes=7 * number)
    accuracy = round(0.8 + 0.19 * draw.random(), 4)
    record: dict[str, Any] = {
        "format": 1,
        "id": f"{experiment}-{created:%Y%m%d-%H%M%S}-{number:08x}",
        "experiment": experiment,
        "status": status,
        "created": created.isoformat(),
        "ended": (created + timedelta(seconds=draw.uniform(1, 4000))).isoformat(),
        "number": number,
        "tags": {"stage": draw.choice(["trial", "candidate"])} if number % 2 else {},
        "config": {
            "job": {"arguments": {"kernel": draw.choice(["rbf", "linear", "poly"]), "penalty": 10 ** (number % 4)}}
        },
        "user": draw.choice(["ada", "grace"]),
        "scale": {"compute": "local", "nodes": ["localhost"], "slots": 1},
    }
    if status == "completed":
        record["finalize"] = {"metrics": {"Accuracy": accuracy, "loss": round(1 - accuracy, 4)}}
    else:
        record["error"] = "ValueError: could not convert string to float" if status == "failed" else "canceled"
    return {**record, **fields}


def write_run(root: Path, record: dict[str, Any], points: int = 0) -> Path:
    """Write a run, and the curve of its loss."""
    folder = Path(root, "runs", record["experiment"], record["id"])
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(record))
    if points:
        lines = [
            {"name": "loss", "value": math.exp(-step / 20) + 0.05 * math.sin(step), "step": step}
            for step in range(points)
        ]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def write_runs(root: Path, count: int, points: int = 0) -> list[str]:
    """Make a workspace with some runs, and return their ids, newest last."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    records = [run_record(number) for number in range(count)]
    for record in records:
        write_run(root, record, points)
    return [record["id"] for record in records]


@contextlib.contextmanager
def studio(*words: str) -> Iterator[str]:
    """Start a studio on a free port, and yield its address."""
    command = [sys.executable, "-m", "runner.cli", "studio", "--no-browser", "--port", "0", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        match = re.search(r"http://\S+", process.stdout.readline())
        assert match, "the studio did not start"
        yield match[0]
    finally:
        process.terminate()
        wait_for(lambda: process.poll() is not None)
        process.stdout.close()


def write_sweep(root: Path, count: int, points: int = 0, **fields: Any) -> str:
    """Write a sweep of some trials with their runs and curves, and return its id."""
    trials, created = [], BEGUN
    for number in range(count):
        draw = random.Random(number)
        parameters = {"job.arguments.kernel": KERNELS[number % 3], "job.arguments.penalty": 10 ** draw.uniform(-3, 3)}
        begun = created + timedelta(seconds=2 * (number // 2))
        state = {"status": "canceled", "reason": EARLY} if number % 7 == 6 else {}
        run = f"iris-20260701-1300{number % 60:02d}-{fields.get('number', 1):04x}{number:04x}"
        made = trial(
            number, round(0.5 + draw.random() / 2, 4), run=run, parameters=parameters,
            metrics={"seconds": draw.random()}, started=begun.isoformat(),
            ended=(begun + timedelta(seconds=1.8)).isoformat(), **state,
        )  # fmt: skip
        trials.append(made)
        arguments = {key.rpartition(".")[2]: value for key, value in parameters.items()}
        record = run_record(
            number, id=made.run, experiment="iris", created=begun.isoformat(), status=made.status,
            config={"job": {"arguments": arguments}}, finalize={"metrics": dict(made.metrics)},
        )  # fmt: skip
        folder = write_run(root, record)
        lines = [{"name": "Accuracy", "value": step / (points + number), "step": step} for step in range(points)]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    made_sweep = sweep(*trials, **{"created": created.isoformat(), **fields})
    folder = root / "sweeps" / made_sweep.id
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps(made_sweep.to_json()))
    return str(made_sweep.id)
