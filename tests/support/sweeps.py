"""Sweeps for tests, as a controller records them."""

from typing import Any

from runner.statuses import COMPLETED
from runner.sweeps.ranking.best import best_trials
from runner.sweeps.records import Objective, SweepRecord, TrialRecord

ACCURACY = Objective(metric="Accuracy")
SECONDS = Objective(metric="seconds", goal="minimize")


def trial(number: Any, accuracy: Any = None, *, parameters: Any = None, metrics: Any = None, **fields: Any) -> Any:
    tried = {"job.arguments.kernel": "rbf", "job.arguments.penalty": 0.5} if parameters is None else parameters
    logged = {} if accuracy is None else {"Accuracy": accuracy}
    return TrialRecord(
        **{
            "number": number,
            "run": f"iris-20260701-1300{number % 60:02d}-{number:08x}",
            "parameters": tried,
            "overrides": tuple(f"{key}={value}" for key, value in tried.items()),
            "status": COMPLETED,
            "metrics": {**logged, **(metrics or {})},
            "started": "2026-07-01T12:00:00.000000Z",
            "ended": "2026-07-01T12:00:02.000000Z",
            **fields,
        }
    )


def sweep(*trials: Any, number: int = 1, objectives: Any = (ACCURACY,), **fields: Any) -> Any:
    return SweepRecord(
        **{
            "id": f"iris-sweep-20260701-1200{number:02d}-{number:08x}",
            "experiment": "iris",
            "state": COMPLETED,
            "created": f"2026-07-01T12:00:{number:02d}.000000Z",
            "ended": f"2026-07-01T12:01:{number:02d}.000000Z",
            "command": ("+experiment=iris",),
            "objectives": tuple(objectives),
            "total": len(trials),
            "slots": 2,
            "trials": tuple(trials),
            "best": best_trials(objectives, trials),
            **fields,
        }
    )
