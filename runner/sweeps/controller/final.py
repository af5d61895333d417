"""The end of a sweep over declared trainings: the best is trained on all training rows, and scored on the holdout once.

The trials only cross-validate, so the holdout decides nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.statuses import CANCELED, COMPLETED, FAILED
from runner.sweeps.controller.trial import carry_out
from runner.sweeps.records import SweepRecord

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from runner.ports.say import Say
    from runner.sweeps.controller.trial_factory import Work

OBJECTIVE: Mapping[str, str] = {"metric": "cv_score", "goal": "maximize"}  # higher is better for each scorer
FINAL = "train.final"


def is_declared(master: DictConfig) -> bool:
    """Return whether the trials of a sweep train an estimator that is declared. Each may have another one."""
    return master.train.data is not None


def with_objective(settings: Any, master: DictConfig) -> Any:
    """Return the settings of a sweep, with the score as objective if trainings are declared and no other is set."""
    if settings.objective is not None or not is_declared(master):
        return settings
    return dataclasses.replace(settings, objective=dict(OBJECTIVE))


def has_final_run(master: DictConfig) -> bool:
    """Return whether a sweep ends with a run of its best. With ``model.register=all``, each trial trains a model."""
    return is_declared(master) and master.model.register != "all"


def train_best(sweep: SweepRecord, work: Work, say: Say) -> SweepRecord:
    """Run the first best trial's training completely, with its registration; return the updated sweep record."""
    if sweep.state == CANCELED or not sweep.best:
        return sweep
    trial = next(trial for trial in sweep.trials if trial.number == sweep.best[0])
    say(f"Training the best, trial {trial.number}, on all training rows")
    plan = work.final_plan(trial.overrides)
    record, context = work.new_run(plan, {"sweep": sweep.id, "trial": str(trial.number)})
    context = dataclasses.replace(context, at_a_time=None, say=say)
    record = carry_out(context, record, plan)
    made = record.register
    sweep = dataclasses.replace(sweep, final=record.id, model=f"{made.model}:{made.version}" if made else None)
    if record.status == COMPLETED:
        return sweep
    return dataclasses.replace(sweep, state=FAILED, error=sweep.error or f"The final run {record.id}: {record.error}")
