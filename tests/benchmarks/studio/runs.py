"""The runs that both pages show: the same numbers, written as each tool keeps them."""

import json
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.layout import Layout

EXPERIMENT, LONG = "forest", "loss"
_CREATED = 1_790_000_000  # seconds since 1970 of the first run; the others follow at intervals of a second
_SHOWN = "2026-09-21T{:02d}:{:02d}:{:02d}.{:06d}Z"


def facts(number: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Return parameters and last metrics of a run."""
    depth, rate = 2 + number % 14, 10 ** -(number % 40 / 10)
    score = 0.6 + 0.35 * (1 - math.exp(-depth / 6)) - 0.02 * abs(math.log10(rate) + 2) + (number * 7919 % 1000) / 1e5
    params = {
        "depth": depth,
        "rate": rate,
        "trees": 50 * (1 + number % 9),
        "criterion": ("gini", "entropy")[number % 2],
    }
    return params, {"accuracy": score, "f1": score - 0.01, "seconds": 1 + depth / 3, LONG: 1 - score}


def long_metric(points: int) -> Iterator[tuple[int, float]]:
    """Yield steps and values of a metric with one peak that must not be lost."""
    for step in range(points):
        yield step, 10.0 if step == points // 3 else math.exp(-step / points * 4) + (step * 7919 % 1000) / 1e4


def write_ours(root: Path, number: int, points: int) -> list[str]:
    """Write a workspace and return the ids of its runs."""
    layout = Layout(root)
    layout.create()
    ids = []
    for index in range(number):
        params, metrics = facts(index)
        second = index % 86400
        time = _SHOWN.format(second // 3600, second // 60 % 60, second % 60, index // 86400)
        identity = f"{EXPERIMENT}-20260921-{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}-{index:08x}"
        folder = layout.run(EXPERIMENT, identity).root
        folder.mkdir(parents=True)
        record = {
            "format": 1, "id": identity, "experiment": EXPERIMENT, "status": "completed",
            "created": time, "ended": time, "user": "ada",
            "config": {"job": {"arguments": params}}, "finalize": {"metrics": metrics},
        }  # fmt: skip
        (folder / "run.json").write_text(json.dumps(record))
        if index < 500:  # those that are compared have curves
            lines = [{"name": LONG, "value": 1 / (1 + step), "step": step, "kind": "scalar"} for step in range(20)]
            (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        ids.append(identity)
    with layout.run(EXPERIMENT, ids[0]).metrics.open("w") as file:
        for step, value in long_metric(points):
            file.write(f'{{"name": "{LONG}", "value": {value!r}, "step": {step}, "kind": "scalar"}}\n')
    return ids


def write_theirs(database: Path, number: int, points: int) -> list[str]:
    """Fill MLflow's database, which has its tables and one experiment of id 1, and return the ids of the runs."""
    ids = [f"{index:032x}" for index in range(number)]
    with sqlite3.connect(database) as base:
        artifacts = str(database.parent / "artifacts")
        base.executemany(
            "INSERT INTO runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage,"
            " artifact_uri, experiment_id) VALUES (?, ?, 'LOCAL', 'ada', 'FINISHED', ?, ?, 'active', ?, 1)",
            (
                (run_id, f"run-{at}", (_CREATED + at) * 1000, (_CREATED + at + 1) * 1000, f"{artifacts}/{run_id}")
                for at, run_id in enumerate(ids)
            ),
        )
        every = [(run_id, *facts(at)) for at, run_id in enumerate(ids)]
        base.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            ((name, str(value), run_id) for run_id, params, _ in every for name, value in params.items()),
        )
        base.executemany(  # without a tag, its page of runs fails
            "INSERT INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)",
            ((f"run-{at}", run_id) for at, run_id in enumerate(ids)),
        )
        values = [(name, value, run_id) for run_id, _, metrics in every for name, value in metrics.items()]
        last = dict.fromkeys(ids[1:500], 19) | {ids[0]: points - 1}  # steps of those that have curves
        base.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, 0, ?, 0, ?)",
            ((name, value, last.get(run_id, 0) if name == LONG else 0, run_id) for name, value, run_id in values),
        )
        base.executemany(
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, 0, 0, 0, ?)",
            (row for row in values if row[0] != LONG),
        )
        base.executemany(
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
            ((LONG, 1 / (1 + step), step, step, run_id) for run_id in ids[1:500] for step in range(20)),
        )
        base.executemany(
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
            ((LONG, value, step, step, ids[0]) for step, value in long_metric(points)),
        )
    return ids
